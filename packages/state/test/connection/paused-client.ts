import { silentLogger } from '@nightcrier/core/logger';
import { connectWorker } from '../../src/redis/connection.ts';

// A client with a connection that may be silent for 3 seconds. It reports how often the connection was closed, when it is asked.
const redis = connectWorker({ url: process.argv[2] ?? '', key_prefix: 'k' }, silentLogger, { tick: 200 });
let closed = 0;
redis.on('close', () => {
  closed += 1;
});
await redis.client('SETNAME', 'paused');
process.on('message', () => process.send?.(`closed ${closed} times`));
process.send?.('ready');
