import { silentLogger } from '@nightcrier/core/logger';
import { Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { notificationQueueName } from '../src/notifications/notification-queue.ts';
import { connectWorker, disconnect } from '../src/redis/connection.ts';
import { QUEUE_NAME } from '../src/redis/keys.ts';
import { fault, openTestState, type TestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const DAMAGED_SETTINGS = { 'opts.maxLenEvents': '../..', concurrency: '{"__proto__":1}' };
const bullmqKey = ({ keys }: TestState, name: string): string => `${keys.bullmq}:${QUEUE_NAME}:${name}`;

async function damagedNames({ damage }: TestState): Promise<string[]> {
  return (await damage.read()).latest.map(({ name }) => name);
}

/** Runs a worker of BullMQ over the triage queue; what it processes waits for `release`. */
async function startWorker({ key_prefix, keys }: TestState) {
  const redis = connectWorker({ url: server.url, key_prefix }, silentLogger);
  const gate = Promise.withResolvers<void>();
  const [started, completed]: [string[], string[]] = [[], []];
  const work = async ({ id = '' }): Promise<void> => {
    started.push(id);
    await gate.promise;
  };
  const worker = new Worker(QUEUE_NAME, work, { connection: redis, prefix: keys.bullmq, drainDelay: 1 });
  worker.on('completed', ({ id = '' }) => completed.push(id)).on('error', () => undefined);
  return {
    started,
    completed,
    release: gate.resolve,
    async [Symbol.asyncDispose]() {
      gate.resolve();
      await worker.close();
      await disconnect(redis);
    },
  };
}

describe('a damaged structure of BullMQ', () => {
  test.each(['stalled', 'completed', 'events', 'marker', 'meta', 'prioritized'])(
    'of another type keeps no job from its end, nor the next from its start: %s',
    async (name) => {
      await using state = await openTestState(server.url);
      await using worker = await startWorker(state);
      const first = (await state.admission.admit(fault({ id: 'first' }))).incidentId;
      await expect.poll(() => worker.started, { timeout: 60_000 }).toEqual([first]);
      await state.redis.del(bullmqKey(state, name));
      await state.redis.rpush(bullmqKey(state, name), 'no such type');
      worker.release();
      await expect.poll(() => worker.completed, { timeout: 60_000 }).toEqual([first]);
      const second = (await state.admission.admit(fault({ id: 'second' }))).incidentId;
      await expect.poll(() => worker.completed, { timeout: 60_000 }).toEqual([first, second]);
      expect(await damagedNames(state)).toContain(bullmqKey(state, name));
    },
  );

  test('that bounds events and active jobs admits incidents with their rows, and is moved aside', async () => {
    await using state = await openTestState(server.url);
    await state.redis.hset(bullmqKey(state, 'meta'), DAMAGED_SETTINGS);
    const { kind, incidentId } = await state.admission.admit(fault());
    expect(kind).toBe('queued');
    expect(await state.incidents.get(incidentId)).toMatchObject({ state: 'queued' });
    const names = Object.keys(DAMAGED_SETTINGS).map((field) => `${bullmqKey(state, 'meta')} ${field}`);
    expect(await damagedNames(state)).toEqual(expect.arrayContaining(names));
  });

  test('that bounds the active jobs is moved aside by the sweep, and restored by the next heartbeat', async () => {
    await using state = await openTestState(server.url);
    const meta = bullmqKey(state, 'meta');
    await state.redis.hset(meta, DAMAGED_SETTINGS);
    await state.openSweep().repair();
    expect(await state.redis.hmget(meta, ...Object.keys(DAMAGED_SETTINGS))).toEqual([null, null]);
    const workers = state.openLiveWorkers(60_000, {
      id: 'one',
      token: 'one',
      process: undefined,
      hasEnded: () => false,
      silence: 60_000,
      maxStalls: () => 3,
      maxConcurrent: () => 7,
      stalledInterval: 500,
      onReleased: () => undefined,
      onStalled: () => undefined,
    });
    await workers.beat();
    expect(await state.redis.hget(meta, 'concurrency')).toBe('7');
    await state.redis.hset(meta, 'concurrency', '2');
    await workers.beat();
    expect(await state.redis.hget(meta, 'concurrency')).toBe('2');
  });

  test('of a queue of notifications is moved aside', async () => {
    await using state = await openTestState(server.url);
    const queue = `${state.keys.ours}${notificationQueueName('webhook')}:`;
    await state.redis.hset(`${queue}meta`, DAMAGED_SETTINGS);
    await state.redis.set(`${queue}marker`, 'no such type');
    await state.repairNotifications('webhook');
    expect(await damagedNames(state)).toHaveLength(3);
  });
});
