import { silentLogger } from '@nightcrier/core/logger';
import { freePort } from '@nightcrier/simulator/free-port';
import { Worker } from 'bullmq';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startRedisServer } from '../../../../test/fixtures/redis-server.ts';
import { connectProducer, connectWorker, stopWaiting } from '../../src/redis/connection.ts';

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

test.each(['server', 'sentinel'] as const)(
  'commands that wait for an unreachable %s fail when what stops waits no more, and so do later ones',
  async (kind) => {
    const port = await freePort();
    const unreachable = { sentinel: { name: 'unknown', hosts: [`127.0.0.1:${port}`] } };
    const address = kind === 'server' ? { url: `redis://127.0.0.1:${port}` } : unreachable;
    const redis = connectWorker({ ...address, key_prefix: 'nc' }, silentLogger);
    const failures = once(redis, 'error').catch(() => undefined);
    const waiting = redis.get('a').catch(String);
    await failures;
    stopWaiting(redis);
    expect(await waiting).toContain('Connection is closed');
    await expect(redis.get('b')).rejects.toThrow('Connection is closed');
  },
);

test('a connection that answers stays when what stops waits no more, and ends with its server', async () => {
  const server = await startRedisServer();
  const redis = connectWorker({ url: server.url, key_prefix: 'nc' }, silentLogger);
  expect(await redis.get('a')).toBeNull();
  stopWaiting(redis);
  expect(await redis.get('a')).toBeNull();
  const ended = once(redis, 'end');
  await server.stop();
  await ended;
});
