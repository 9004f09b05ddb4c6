import { silentLogger } from '@nightcrier/core/logger';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectWorker } from '../../src/redis/connection.ts';

// A client with a connection that may be silent for 0.4 seconds. It reports how often the connection was closed.
const redis = connectWorker({ url: process.argv[2] ?? '', key_prefix: 'k' }, silentLogger, { tick: 50 });
let closed = 0;
redis.on('close', () => {
  closed += 1;
});
await redis.client('SETNAME', 'paused');
process.send?.('ready');
let last = Date.now();
for (let paused = false; !paused; last = Date.now()) {
  await sleep(10);
  paused = Date.now() - last > 1_000;
}
await redis.ping();
process.send?.(`closed ${closed} times`);
