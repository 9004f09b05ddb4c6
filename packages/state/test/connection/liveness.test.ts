import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { silentLogger } from '@nightcrier/core/logger';
import { Worker } from 'bullmq';
import { afterEach, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../../test/fixtures/redis-server.ts';
import { startTcpProxy } from '../../../../test/fixtures/tcp-proxy.ts';
import { openState } from '../../src/open-state.ts';
import { connectProducer, connectWorker, disconnect } from '../../src/redis/connection.ts';
import { QUEUE_NAME } from '../../src/redis/keys.ts';
import { BOUNDS, fault } from '../state.fixture.ts';
import { NEEDS_ROOT, isRoot, startIsolatedRedis } from './isolated-redis.ts';

/** A tenth of the real one: connections count as dead after 0.8 and 1.5 seconds. */
const TICK = 100;

let server: RedisServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** A producer, and a worker that waits for jobs with a blocking command, through which incidents pass. */
async function startPipeline(url: string, tick: number) {
  const settings = { url, key_prefix: randomUUID() };
  const [redis, workerRedis] = [
    connectProducer(settings, silentLogger, { tick }),
    connectWorker(settings, silentLogger, { tick }),
  ];
  await expect.poll(() => redis.status).toBe('ready');
  const state = openState(redis, { ...settings, logger: silentLogger });
  const queue = state.openQueue();
  const admission = state.openAdmission(queue, BOUNDS);
  const processed: string[] = [];
  const worker = new Worker(QUEUE_NAME, async ({ id = '' }) => void processed.push(id), {
    connection: workerRedis,
    prefix: state.keys.bullmq,
    runRetryDelay: 500,
  });
  worker.on('error', () => undefined);
  await worker.waitUntilReady();
  return {
    processed,
    /** Admits a new fault, again and again until Redis answers. */
    async admit(): Promise<string> {
      const id = randomUUID();
      const event = fault({ id });
      await expect
        .poll(async () => admission.admit(event, id).catch(() => undefined), { timeout: 40_000, interval: 100 })
        .toBeDefined();
      return id;
    },
    async [Symbol.asyncDispose]() {
      await worker.close();
      await queue.close();
      await Promise.all([disconnect(redis), disconnect(workerRedis)]);
    },
  };
}

describe('a connection whose packets are silently dropped', () => {
  test('is replaced, also that of a blocked worker', async () => {
    server = await startRedisServer();
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) });
    try {
      await using pipeline = await startPipeline(`redis://127.0.0.1:${proxy.port}`, TICK);
      const before = await pipeline.admit();
      await expect.poll(() => pipeline.processed, { timeout: 30_000 }).toEqual([before]);
      proxy.swallow();
      const after = await pipeline.admit();
      await expect.poll(() => pipeline.processed, { timeout: 30_000 }).toEqual([before, after]);
    } finally {
      proxy.close();
    }
  });

  test.skipIf(!isRoot)(`is replaced behind a firewall${isRoot ? '' : NEEDS_ROOT}`, async () => {
    await using isolated = await startIsolatedRedis();
    await using pipeline = await startPipeline(isolated.url, TICK);
    const before = await pipeline.admit();
    await expect.poll(() => pipeline.processed, { timeout: 30_000 }).toEqual([before]);
    await isolated.dropPresentFlows();
    const after = await pipeline.admit();
    await expect.poll(() => pipeline.processed, { timeout: 30_000 }).toEqual([before, after]);
  });

  test('stays while it is idle', async () => {
    server = await startRedisServer();
    const redis = connectWorker({ url: server.url, key_prefix: 'k' }, silentLogger, { tick: TICK });
    let closed = 0;
    redis.on('close', () => (closed += 1));
    await redis.ping();
    const pings = async (): Promise<number> =>
      Number(/cmdstat_ping:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
    const first = await pings();
    const later = connectWorker({ url: server.url, key_prefix: 'k' }, silentLogger);
    await expect
      .poll(async () => Number(/cmdstat_ping:calls=(\d+)/.exec(await later.info('commandstats'))?.[1]))
      .toBeGreaterThan(first + 3);
    expect(closed).toBe(0);
    await Promise.all([disconnect(redis), disconnect(later)]);
  });

  test('stays when this process was paused for long', async () => {
    server = await startRedisServer();
    const client = fork(new URL('paused-client.ts', import.meta.url), [server.url]);
    const inspector = connectWorker({ url: server.url, key_prefix: 'k' }, silentLogger);
    try {
      const [ready]: unknown[] = await once(client, 'message');
      expect(ready).toBe('ready');
      client.kill('SIGSTOP');
      // Idle for longer than its limit, by the clock of the server.
      await expect
        .poll(async () => Number(/name=paused .*idle=(\d+)/.exec(String(await inspector.client('LIST')))?.[1]), {
          timeout: 30_000,
        })
        .toBeGreaterThan(3);
      client.kill('SIGCONT');
      const message = once(client, 'message');
      client.send('report');
      const [report]: unknown[] = await message;
      expect(report).toBe('closed 0 times');
    } finally {
      client.kill('SIGKILL');
      await disconnect(inspector);
    }
  });
});
