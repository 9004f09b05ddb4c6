import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { failure, openApi } from './api-under-test.ts';

const PATHS = ['/readyz', '/health/clusters', '/api/incidents', '/api/queue', '/queues/api/queues'];

let server: RedisServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

type Get = (path: string) => Promise<Response>;

/** Requests every path; none may wait for Redis. */
async function answers(get: Get): Promise<object[]> {
  return Promise.all(PATHS.map(async (path) => failure(await get(path))));
}
const UNAVAILABLE = PATHS.map(() => ({
  status: 503,
  code: 'redis_unavailable',
  message: expect.stringContaining('Redis is unreachable'),
}));

async function statuses(get: Get): Promise<number[]> {
  return Promise.all(PATHS.map(async (path) => (await get(path)).status));
}
const OK = PATHS.map(() => 200);
const PATIENTLY = { timeout: 60_000 };

describe('while Redis is unreachable', () => {
  test('answers 503 with a code, stays alive, and recovers by itself', async () => {
    const first = await startRedisServer();
    await using api = await openApi(first.url);
    await expect.poll(async () => statuses(api.get), PATIENTLY).toEqual(OK);
    await first.stop();
    expect(await answers(api.get)).toEqual(UNAVAILABLE);
    expect((await api.get('/healthz')).status).toBe(200);
    const metrics = await (await api.get('/metrics')).text();
    expect(metrics).toContain('nightcrier_redis_up 0');
    expect(metrics).not.toContain('nightcrier_queue_jobs');
    server = await startRedisServer({ port: Number(new URL(first.url).port) });
    await expect.poll(async () => statuses(api.get), PATIENTLY).toEqual(OK);
  });

  test('starts before Redis', async () => {
    const later = await startRedisServer();
    await later.stop();
    await using api = await openApi(later.url);
    expect(await answers(api.get)).toEqual(UNAVAILABLE);
    server = await startRedisServer({ port: Number(new URL(later.url).port) });
    await expect.poll(async () => statuses(api.get), PATIENTLY).toEqual(OK);
  });

  test('answers 503 when Redis hangs', async () => {
    server = await startRedisServer();
    const pid = server.pid!;
    await using api = await openApi(server.url);
    await expect.poll(async () => statuses(api.get), PATIENTLY).toEqual(OK);
    process.kill(pid, 'SIGSTOP');
    try {
      expect(await answers(api.get)).toEqual(UNAVAILABLE);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await expect.poll(async () => statuses(api.get), PATIENTLY).toEqual(OK);
  });

  test('stops', async () => {
    const stopped = await startRedisServer();
    await stopped.stop();
    const api = await openApi(stopped.url);
    await api[Symbol.asyncDispose]();
    await expect(fetch(`${api.url}/healthz`)).rejects.toThrow('fetch failed');
  });
});
