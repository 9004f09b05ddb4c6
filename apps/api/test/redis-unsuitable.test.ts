import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { silentLogger } from '@nightcrier/core/logger';
import { afterEach, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { failure, openApi } from './api-under-test.ts';

let server: RedisServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** Sends a command that Nightcrier does not send. */
async function admin(...[name = '', ...words]: string[]): Promise<void> {
  const redis = connectWorker({ url: server!.adminUrl, key_prefix: 'unused' }, silentLogger);
  await redis.call(name, ...words);
  await disconnect(redis);
}

describe('with a Redis that answers and does not suit', () => {
  test('a full one fails /readyz with the reason, and health names it', async () => {
    server = await startRedisServer();
    await using api = await openApi(server.url);
    await expect.poll(async () => (await api.get('/readyz')).status).toBe(200);
    await admin('CONFIG', 'SET', 'maxmemory', '100kb');
    expect(await failure(await api.get('/readyz'))).toMatchObject({
      status: 503,
      code: 'redis_unsuitable',
      message: expect.stringContaining('raise maxmemory'),
    });
    const health = await api.get('/health/clusters');
    expect([health.status, await health.json()]).toMatchObject([200, { redis: { problems: [{ code: 'full' }] } }]);
    await admin('CONFIG', 'SET', 'maxmemory', '0');
    expect((await api.get('/readyz')).status).toBe(200);
    expect(await (await api.get('/health/clusters')).json()).not.toHaveProperty('redis');
  });

  test('an eviction policy shows in health, and does not fail /readyz', async () => {
    server = await startRedisServer();
    await using api = await openApi(server.url);
    await expect.poll(async () => (await api.get('/readyz')).status).toBe(200);
    await admin('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
    expect((await api.get('/readyz')).status).toBe(200);
    expect(await (await api.get('/health/clusters')).json()).toMatchObject({
      redis: { problems: [{ code: 'eviction_policy', message: expect.stringContaining('volatile-ttl') }] },
    });
  });

  test('a replica fails /readyz, and GETs, which write nothing, still answer', async () => {
    server = await startRedisServer();
    await using api = await openApi(server.url);
    await expect.poll(async () => (await api.get('/readyz')).status).toBe(200);
    await admin('REPLICAOF', '127.0.0.1', '1');
    await expect
      .poll(async () => failure(await api.get('/readyz')))
      .toMatchObject({ status: 503, code: 'redis_unsuitable' });
    // A connection that was just replaced fails a request at most once.
    for (const path of ['/health/clusters', '/api/incidents', '/api/books', '/api/queue']) {
      await expect.poll(async () => (await api.get(path)).status, { timeout: 30_000 }).toBe(200);
    }
  });
});
