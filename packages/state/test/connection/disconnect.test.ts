import { silentLogger } from '@nightcrier/core/logger';
import { freePort } from '@nightcrier/simulator/free-port';
import { Worker } from 'bullmq';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startRedisServer } from '../../../../test/fixtures/redis-server.ts';
import { connectProducer, connectWorker } from '../../src/redis/connection.ts';

test.each([
  ['worker', connectWorker],
  ['producer', connectProducer],
] as const)(
  'a connection of a %s that waits for its next attempt to connect ends when it is closed',
  async (_, open) => {
    const redis = open({ url: `redis://127.0.0.1:${await freePort()}`, key_prefix: 'nc' }, silentLogger);
    const blocking = redis.duplicate();
    blocking.on('error', () => undefined);
    for (const connection of [redis, blocking]) {
      await expect.poll(() => connection.status, { timeout: 60_000, interval: 1 }).toBe('reconnecting');
      const ended = once(connection, 'end');
      connection.disconnect();
      await ended;
      expect(connection.status).toBe('end');
    }
  },
);

test('a BullMQ worker closes while Redis is unreachable', async () => {
  const server = await startRedisServer();
  const redis = connectWorker({ url: server.url, key_prefix: 'nc' }, silentLogger);
  const worker = new Worker('test', async () => undefined, { connection: redis, prefix: '{nc}' });
  worker.on('error', () => undefined);
  await worker.waitUntilReady();
  await server.stop();
  await expect.poll(() => redis.status, { timeout: 60_000, interval: 1 }).toBe('reconnecting');
  await worker.close();
  redis.disconnect();
});
