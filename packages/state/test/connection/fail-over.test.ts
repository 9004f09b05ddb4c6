import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { Secret } from '@nightcrier/core/settings/secret';
import { Worker } from 'bullmq';
import { afterEach, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../../test/fixtures/redis-server.ts';
import { openState } from '../../src/open-state.ts';
import { connectProducer, connectWorker, disconnect, type RedisSettings } from '../../src/redis/connection.ts';
import { QUEUE_NAME } from '../../src/redis/keys.ts';
import { BOUNDS, fault } from '../state.fixture.ts';
import { type Replicated, startReplicated } from './sentinels.ts';

/** An election that fails is repeated after ten seconds. */
const patient = { timeout: 90_000 };

let servers: RedisServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map(async (server) => server.stop()));
  servers = [];
});

/** Admits a fault under an id until it is admitted. */
async function admitUntilDone(admit: (id: string) => Promise<unknown>, id: string): Promise<void> {
  await expect.poll(async () => admit(id).catch(() => undefined), patient).toBeDefined();
}

/** A producer that admits faults without a pause, and a worker that processes their incidents. */
async function startTraffic(settings: RedisSettings, logger: Logger = silentLogger) {
  const [redis, workerRedis] = [connectProducer(settings, logger), connectWorker(settings, silentLogger)];
  await once(redis, 'ready');
  const state = openState(redis, { key_prefix: settings.key_prefix, logger: silentLogger });
  const queue = state.openQueue();
  const admission = state.openAdmission(queue, { ...BOUNDS, global_queue_size: 100_000 });
  const processed = new Set<string>();
  const worker = new Worker(QUEUE_NAME, async ({ id = '' }) => void processed.add(id), {
    connection: workerRedis,
    prefix: state.keys.bullmq,
    runRetryDelay: 500,
    // A job whose reply was lost with the master is taken again.
    lockDuration: 4_000,
    stalledInterval: 1_000,
    maxStalledCount: 10,
  });
  worker.on('error', () => undefined);
  await worker.waitUntilReady();
  const admitted = new Set<string>();
  const stopping = new AbortController();
  const flow = (async () => {
    while (!stopping.signal.aborted) {
      const id = randomUUID();
      await admitUntilDone(async () => admission.admit(fault({ id }), id), id);
      admitted.add(id);
    }
  })();
  return {
    state,
    admitted,
    processed,
    async stop() {
      stopping.abort();
      await flow;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await flow.catch(() => undefined);
      await worker.close();
      await queue.close();
      await Promise.all([disconnect(redis), disconnect(workerRedis)]);
    },
  };
}

function settingsOf({ settings, sentinelPassword }: Replicated): RedisSettings {
  const { sentinel, password_file } = settings;
  return { key_prefix: randomUUID(), password_file, sentinel: { ...sentinel, password: new Secret(sentinelPassword) } };
}

describe('with sentinels', () => {
  test('a master that dies while faults arrive loses none of them if its replica was in step', async () => {
    await using replicated = await startReplicated();
    await using traffic = await startTraffic(settingsOf(replicated));
    await expect.poll(() => traffic.processed.size, patient).toBeGreaterThan(50);
    // A master answers a write before its replica has it: without this, the last one could be lost.
    await replicated.holdWrites();
    process.kill(replicated.pids[0], 'SIGKILL');
    const then = traffic.admitted.size;
    await expect.poll(() => traffic.admitted.size, patient).toBeGreaterThan(then + 50);
    await traffic.stop();
    const lost = (): string[] => [...traffic.admitted].filter((id) => !traffic.processed.has(id));
    await expect.poll(lost, patient).toEqual([]);
  });

  test('both kinds of connections follow a promotion; the former master stays reachable', async () => {
    await using replicated = await startReplicated();
    await using traffic = await startTraffic(settingsOf(replicated));
    await expect.poll(() => traffic.processed.size, patient).toBeGreaterThan(50);
    await replicated.failOver();
    const serving = async (): Promise<boolean> =>
      (await traffic.state.redis.info('server').catch(() => '')).includes(`tcp_port:${portOf(replicated.urls[1])}`);
    await expect.poll(serving, patient).toBe(true);
    const [admitted, processed] = [traffic.admitted.size, traffic.processed.size];
    await expect.poll(() => traffic.admitted.size, patient).toBeGreaterThan(admitted + 50);
    await expect.poll(() => traffic.processed.size, patient).toBeGreaterThan(processed + 50);
  });
});

describe('without sentinels', () => {
  test('a producer and a worker leave a server that was demoted for the one that its name leads to', async () => {
    const [former, next] = [await startRedisServer(), await startRedisServer()];
    servers.push(former, next);
    const settings = { url: former.url, key_prefix: randomUUID() };
    const lines: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (_fields, message) => lines.push(message) };
    const redis = connectProducer(settings, logger);
    await once(redis, 'ready');
    const connects = { producer: 0, worker: 0 };
    redis.on('connect', () => (connects.producer += 1));
    const worker = connectWorker(settings, silentLogger);
    await worker.ping();
    worker.on('connect', () => (connects.worker += 1));
    await redis.call('REPLICAOF', '127.0.0.1', String(portOf(next.url)));
    await expect(redis.set('k', 'v')).rejects.toThrow('READONLY');
    const written = worker.set('k', 'of the worker');
    await expect.poll(() => connects, patient).toEqual({ producer: expect.any(Number), worker: expect.any(Number) });
    await expect.poll(() => Math.min(connects.producer, connects.worker), patient).toBeGreaterThan(0);
    // The command of the worker waits until a server accepts it.
    const inspector = connectWorker(settings, silentLogger);
    await inspector.call('REPLICAOF', 'NO', 'ONE');
    expect(await written).toBe('OK');
    expect(lines).toContain('redis server accepts no writes; reconnecting');
    await Promise.all([redis, worker, inspector].map(disconnect));
  });

  test('a connection that only reads leaves a server that was demoted', async () => {
    const [former, next] = [await startRedisServer(), await startRedisServer()];
    servers.push(former, next);
    const settings = { url: former.url, key_prefix: randomUUID() };
    const redis = connectProducer(settings, silentLogger);
    await once(redis, 'ready');
    const state = openState(redis, { ...settings, logger: silentLogger });
    let connects = 0;
    redis.on('connect', () => (connects += 1));
    const inspector = connectWorker(settings, silentLogger);
    await inspector.call('REPLICAOF', '127.0.0.1', String(portOf(next.url)));
    const read = async (): Promise<number> => {
      await state.serverProblems().catch(() => undefined);
      return connects;
    };
    await expect.poll(read, patient).toBeGreaterThan(0);
    await Promise.all([redis, inspector].map(disconnect));
  });

  test('an admission that a replica refuses reconnects, too', async () => {
    const [former, next] = [await startRedisServer(), await startRedisServer()];
    servers.push(former, next);
    const settings = { url: former.url, key_prefix: randomUUID() };
    const redis = connectProducer(settings, silentLogger);
    await once(redis, 'ready');
    const state = openState(redis, { ...settings, logger: silentLogger });
    const admission = state.openAdmission(state.openQueue(), BOUNDS);
    await admission.admit(fault());
    let connects = 0;
    redis.on('connect', () => (connects += 1));
    await redis.call('REPLICAOF', '127.0.0.1', String(portOf(next.url)));
    await expect(admission.admit(fault())).rejects.toThrow('READONLY');
    await expect.poll(() => connects, patient).toBeGreaterThan(0);
    await disconnect(redis);
  });
});

function portOf(url: string): number {
  return Number(new URL(url).port);
}
