import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { connectWorker, disconnect } from '../src/redis/connection.ts';
import { silentLogger } from '@nightcrier/core/logger';
import type { JobLocks, LockedJob } from '../src/queue/job-locks.ts';
import { fault, openTestState, type TestState, take } from './state.fixture.ts';

const LOCK_MS = 60_000;
const TOKEN = 'worker:0';
let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

/** Admits an incident whose job a worker takes. */
async function lockOne(state: TestState): Promise<{ job: LockedJob; locks: JobLocks }> {
  const { incidentId: id } = await state.admission.admit(fault());
  expect(await take(state, TOKEN)).toBe(id);
  return { job: { id, token: TOKEN, starts: 1 }, locks: state.openJobLocks(LOCK_MS) };
}

const lockOf = (state: TestState, { id }: LockedJob): string => `${state.queue.toKey(id)}:lock`;
const expire = async (state: TestState, job: LockedJob): Promise<number> => state.redis.del(lockOf(state, job));

/** Has Redis refuse writes during `work`. */
async function refusing(setting: 'maxmemory' | 'min-replicas-to-write', work: () => Promise<void>): Promise<void> {
  const admin = connectWorker({ url: server.url, key_prefix: 'unused' }, silentLogger);
  await admin.config('SET', setting, '1');
  try {
    await work();
  } finally {
    await admin.config('SET', setting, '0');
    await disconnect(admin);
  }
}

test('a lock that expired is taken again, and its job is not stalled any more', async () => {
  await using state = await openTestState(server.url);
  const { job, locks } = await lockOne(state);
  await state.redis.sadd(state.queue.toKey('stalled'), job.id);
  await expire(state, job);
  expect(await locks.lost([job])).toEqual([]);
  expect(await state.redis.get(lockOf(state, job))).toBe(TOKEN);
  expect(await state.redis.pttl(lockOf(state, job))).toBeGreaterThan(LOCK_MS / 2);
  expect(await state.redis.smembers(state.queue.toKey('stalled'))).toEqual([]);
});

test('a lock is renewed before it expires if BullMQ has not renewed it, and at the end of a run', async () => {
  await using state = await openTestState(server.url);
  const { job, locks } = await lockOne(state);
  await state.redis.pexpire(lockOf(state, job), LOCK_MS * 0.7);
  expect(await locks.lost([job])).toEqual([]);
  expect(await state.redis.pttl(lockOf(state, job))).toBeLessThanOrEqual(LOCK_MS * 0.7);
  expect(await locks.renew(job)).toBe(true);
  expect(await state.redis.pttl(lockOf(state, job))).toBeGreaterThan(LOCK_MS * 0.7);
  await state.redis.pexpire(lockOf(state, job), LOCK_MS / 4);
  expect(await locks.lost([job])).toEqual([]);
  expect(await state.redis.pttl(lockOf(state, job))).toBeGreaterThan(LOCK_MS / 2);
});

describe('a job is lost', () => {
  test('that another worker has', async () => {
    await using state = await openTestState(server.url);
    const { job, locks } = await lockOne(state);
    await state.redis.set(lockOf(state, job), 'another:0');
    expect(await locks.lost([job])).toEqual([job.id]);
    expect(await locks.renew(job)).toBe(false);
    expect(await state.redis.get(lockOf(state, job))).toBe('another:0');
  });

  test('that waits again, or was started again since, though no worker has its lock', async () => {
    await using state = await openTestState(server.url);
    const { job, locks } = await lockOne(state);
    const moved = await state.queue.getJob(job.id);
    await moved?.moveToDelayed(Date.now() + 60_000, TOKEN);
    expect(await locks.lost([job])).toEqual([job.id]);
    await moved?.promote();
    expect(await take(state, 'another:0')).toBe(job.id);
    await expire(state, job);
    expect(await locks.lost([job])).toEqual([job.id]);
    expect(await locks.lost([{ ...job, token: 'another:0', starts: 2 }])).toEqual([]);
  });
});

describe('while Redis refuses writes', () => {
  test('because it is full, locks are renewed, and taken again', async () => {
    await using state = await openTestState(server.url);
    const [first, second] = [await lockOne(state), await lockOne(state)];
    await state.redis.pexpire(lockOf(state, first.job), 5_000);
    await expire(state, second.job);
    await refusing('maxmemory', async () => {
      expect(await first.locks.lost([first.job, second.job])).toEqual([]);
      expect(await state.redis.pttl(lockOf(state, first.job))).toBeGreaterThan(LOCK_MS / 2);
      expect(await state.redis.get(lockOf(state, second.job))).toBe(TOKEN);
    });
  });

  test('for want of a replica or its disk, no job is lost, and a lock is taken when it accepts them', async () => {
    await using state = await openTestState(server.url);
    const { job, locks } = await lockOne(state);
    await expire(state, job);
    await refusing('min-replicas-to-write', async () => {
      await expect(locks.lost([job])).rejects.toThrow('NOREPLICAS');
      await expect(locks.renew(job)).rejects.toThrow('NOREPLICAS');
    });
    expect(await locks.renew(job)).toBe(true);
  });
});
