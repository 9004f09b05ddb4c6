import { once } from 'node:events';
import { Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { QUEUE_NAME } from '../src/redis/keys.ts';
import type { TriageJob } from '../src/queue/triage-queue.ts';
import { StateKeys } from '../src/redis/keys.ts';
import { disconnect } from '../src/redis/connection.ts';
import {
  balancedBooks,
  Clock,
  fault,
  openTestState,
  type TestState,
  take,
  waitingJobs,
  workerConnection,
} from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const UNKNOWN = '0b0e2f6e-7f5f-4a53-8f2c-6f5f3a1d2c4b';
const ALICE = { by: 'alice', reason: 'known outage' };

async function admit(state: TestState, event = fault()): Promise<string> {
  return (await state.admission.admit(event)).incidentId;
}

/** Admits a fault and investigates it as a worker does that holds the job under the token `token`. */
async function investigate(state: TestState): Promise<string> {
  const id = await admit(state);
  expect(await take(state)).toBe(id);
  await state.incidents.begin(id);
  return id;
}

/** Gives the job back, as a worker does that retries it later. */
async function release(state: TestState, id: string): Promise<void> {
  await state.incidents.requeued(id, 'cluster unreachable');
  await (await state.queue.getJob(id))?.moveToDelayed(Date.now() + 60_000, 'token');
}

/** Fails unless nothing of an incident is left but its row and its place in the index of its state. */
async function expectGoneFromQueue({ redis, key_prefix, queue }: TestState, id: string): Promise<void> {
  const keys = new StateKeys(key_prefix);
  const sets = [
    keys.waiting(),
    keys.waiting('prod'),
    keys.parked('prod'),
    keys.slots('prod'),
    keys.incidentsIn('queued'),
  ];
  for (const key of [...sets, keys.incidentsIn('investigating')]) expect(await redis.zscore(key, id)).toBeNull();
  expect(await redis.zscore(keys.incidentsIn('cancelled'), id)).not.toBeNull();
  expect(await queue.getJob(id)).toBeUndefined();
  expect(await redis.lrange(queue.toKey('active'), 0, -1)).not.toContain(id);
}

describe('an incident that no worker holds', () => {
  test('ends at once while it waits, and its place in the queue is free', async () => {
    const clock = new Clock();
    await using state = await openTestState(
      server.url,
      { global_queue_size: 1, cluster_queue_size: 1 },
      { now: clock.now },
    );
    const cancellations = state.openCancellations();
    const id = await admit(state);
    clock.ms += 1_000;
    expect(await cancellations.cancel(id, ALICE)).toEqual({ kind: 'cancelled' });
    expect(await state.incidents.get(id)).toMatchObject({
      state: 'cancelled',
      reason: 'by alice: known outage',
      finished_at: '2026-03-01T12:00:01.000Z',
      cancel_requested_at: '2026-03-01T12:00:01.000Z',
      cancel_requested_by: 'alice',
      cancel_reason: 'known outage',
      attempts: 0,
    });
    await expectGoneFromQueue(state, id);
    expect(await state.admission.admit(fault())).toMatchObject({ kind: 'queued', evicted: [] });
    expect(await balancedBooks(state)).toMatchObject({ received: 2, queued: 2, waiting: 1, finished: 1, dropped: 0 });
  });

  test('ends at once while it is delayed until its next attempt', async () => {
    await using state = await openTestState(server.url);
    const id = await investigate(state);
    await release(state, id);
    expect(await balancedBooks(state)).toMatchObject({ delayed: 1 });
    expect(await state.openCancellations().cancel(id, {})).toEqual({ kind: 'cancelled' });
    expect(await state.incidents.get(id)).toMatchObject({ state: 'cancelled', reason: 'by an operator', attempts: 1 });
    await expectGoneFromQueue(state, id);
    expect(await balancedBooks(state)).toMatchObject({ delayed: 0, finished: 1 });
  });

  test('ends at once while it is parked, and the slot goes to the next one', async () => {
    await using state = await openTestState(server.url);
    const slots = state.openSlots({ max_agents_per_cluster: 1, lease: 60_000 });
    const running = await investigate(state);
    expect(await slots.take('prod', running, 'token')).toBe('taken');
    const parked: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      const id = await admit(state);
      await take(state);
      expect(await slots.take('prod', id, 'token')).toBe('parked');
      parked.push(id);
    }
    expect(await state.openCancellations().cancel(parked[0]!, ALICE)).toEqual({ kind: 'cancelled' });
    await expectGoneFromQueue(state, parked[0]!);
    expect(await slots.give('prod', running, 'token')).toEqual([parked[1]]);
    expect(await balancedBooks(state)).toMatchObject({ waiting: 1, active: 1, finished: 1 });
  });

  test('ends at once when its worker died, and gives its slot back', async () => {
    await using state = await openTestState(server.url);
    const slots = state.openSlots({ max_agents_per_cluster: 1, lease: 60_000 });
    const id = await investigate(state);
    await slots.take('prod', id, 'token');
    await state.redis.del(`${state.queue.toKey(id)}:lock`);
    expect(await state.openCancellations().cancel(id, ALICE)).toEqual({ kind: 'cancelled' });
    await expectGoneFromQueue(state, id);
    expect(await slots.take('prod', await admit(state), 'token')).toBe('taken');
    expect(await balancedBooks(state)).toMatchObject({ active: 0, finished: 1 });
  });

  test('ends when its job has vanished', async () => {
    await using state = await openTestState(server.url);
    const id = await admit(state);
    await (await state.queue.getJob(id))?.remove();
    expect(await state.openCancellations().cancel(id, ALICE)).toEqual({ kind: 'cancelled' });
    await expectGoneFromQueue(state, id);
    expect(await balancedBooks(state)).toMatchObject({ waiting: 0, finished: 1 });
  });
});

describe('an incident that a worker holds', () => {
  test('goes on, with the first request on its row', async () => {
    await using state = await openTestState(server.url);
    const cancellations = state.openCancellations();
    const id = await investigate(state);
    expect(await cancellations.requested(id)).toBeUndefined();
    expect(await cancellations.cancel(id, ALICE)).toEqual({ kind: 'requested', state: 'investigating' });
    expect(await cancellations.cancel(id, { by: 'bob' })).toEqual({ kind: 'requested', state: 'investigating' });
    expect(await cancellations.requested(id)).toEqual(ALICE);
    expect(await state.incidents.get(id)).toMatchObject({ state: 'investigating', cancel_requested_by: 'alice' });
    expect(await state.queue.getJob(id)).toBeDefined();
    expect(await balancedBooks(state)).toMatchObject({ active: 1 });
  });

  test('ends when the worker gives it back, as the first request says', async () => {
    await using state = await openTestState(server.url);
    const cancellations = state.openCancellations();
    const id = await investigate(state);
    await cancellations.cancel(id, ALICE);
    await cancellations.cancel(id, { by: 'bob' });
    expect(await cancellations.cancelReleased(id)).toBeUndefined();
    await release(state, id);
    expect(await cancellations.cancelReleased(id)).toBe('by alice: known outage');
    expect(await state.incidents.get(id)).toMatchObject({ state: 'cancelled', reason: 'by alice: known outage' });
    await expectGoneFromQueue(state, id);
    expect(await balancedBooks(state)).toMatchObject({ finished: 1 });
  });

  test('goes on when it is given back without a request', async () => {
    await using state = await openTestState(server.url);
    const id = await investigate(state);
    await release(state, id);
    expect(await state.openCancellations().cancelReleased(id)).toBeUndefined();
    expect(await state.incidents.get(id)).toMatchObject({ state: 'queued' });
  });
});

test('an incident that has ended, or that is not there, is not changed', async () => {
  await using state = await openTestState(server.url);
  const cancellations = state.openCancellations();
  const id = await investigate(state);
  await state.incidents.finish(id, { state: 'reported' });
  const before = await state.incidents.get(id);
  expect(await cancellations.cancel(id, ALICE)).toEqual({ kind: 'final', state: 'reported' });
  expect(await state.incidents.get(id)).toEqual(before);
  expect(await cancellations.cancel(UNKNOWN, ALICE)).toEqual({ kind: 'missing' });
  expect(await state.incidents.get(UNKNOWN)).toBeUndefined();
  const other = await admit(state);
  await cancellations.cancel(other, ALICE);
  expect(await cancellations.cancel(other, { by: 'bob' })).toEqual({ kind: 'final', state: 'cancelled' });
  expect(await state.incidents.get(other)).toMatchObject({ reason: 'by alice: known outage' });
});

describe('the fault of a cancelled incident', () => {
  test('is a recurrence within the dedup window, and a new incident after it', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, { dedup_window_seconds: 60 }, { now: clock.now });
    const event = fault();
    const id = await admit(state, event);
    await state.openCancellations().cancel(id, ALICE);
    expect(await state.admission.admit(event)).toMatchObject({ kind: 'deduplicated', incidentId: id, recurrences: 1 });
    clock.ms += 61_000;
    const again = await admit(state, event);
    expect(await state.incidents.get(again)).toMatchObject({ state: 'queued', previous_incident_id: id });
    expect(await balancedBooks(state)).toMatchObject({ queued: 2, deduplicated: 1, finished: 1, waiting: 1 });
  });

  test('opens its group to the next fault, and can be requeued', async () => {
    await using state = await openTestState(server.url, { grouping: 'workload' });
    const id = await admit(state, fault({ pod: 'cart-7d4b9c8f6d-xbbbb' }));
    await state.openCancellations().cancel(id, ALICE);
    const next = await state.admission.admit(fault({ pod: 'cart-7d4b9c8f6d-xcccc' }));
    expect(next).toMatchObject({ kind: 'queued' });
    const cancelled = await state.incidents.get(id);
    const requeued = await state.admission.requeue(cancelled!);
    expect(requeued).toMatchObject({ kind: 'queued' });
    expect(await state.incidents.get(requeued.incidentId)).toMatchObject({ state: 'queued', previous_incident_id: id });
  });
});

test('each of many incidents that are cancelled while workers take and resolve them ends once, and the books balance', async () => {
  await using state = await openTestState(server.url, { global_queue_size: 1_000 });
  const { incidents } = state;
  const cancellations = state.openCancellations();
  const ids = await Promise.all(Array.from({ length: 150 }, async () => admit(state)));
  const results = new Map<string, string[]>(ids.map((id) => [id, []]));
  const ended = (id: string, how: string): unknown => results.get(id)?.push(how);

  const connection = workerConnection(state);
  const worker = new Worker<TriageJob>(
    QUEUE_NAME,
    async ({ data: { incident_id: id } }) => {
      if ((await incidents.begin(id)).kind !== 'changed') return;
      const state = (await cancellations.requested(id)) ? 'cancelled' : 'reported';
      if ((await incidents.finish(id, { state })).kind === 'changed') ended(id, `worker: ${state}`);
    },
    { connection, prefix: new StateKeys(state.key_prefix).bullmq, concurrency: 5 },
  );
  await once(worker, 'active');
  const requested = new Set<string>();
  await Promise.all(
    ids.toReversed().flatMap((id) =>
      ['alice', 'bob'].map(async (by) => {
        const { kind } = await cancellations.cancel(id, { by });
        if (kind === 'cancelled') ended(id, 'api');
        if (kind === 'requested') requested.add(id);
      }),
    ),
  );
  await expect.poll(async () => waitingJobs(state.queue)).toBe(0);
  await worker.close();
  await disconnect(connection);

  expect([...results.values()].filter((ends) => ends.length !== 1)).toEqual([]);
  for (const [id, [how]] of results)
    expect((await incidents.get(id))?.state).toBe(how === 'worker: reported' ? 'reported' : 'cancelled');
  expect(await incidents.counts()).toMatchObject({ queued: 0, investigating: 0 });
  // Both kinds of ends happened, so this was a race.
  expect(new Set([...results.values()].map(([how]) => how)).size).toBeGreaterThan(1);
  expect(await balancedBooks(state)).toMatchObject({ queued: 150, finished: 150, waiting: 0, active: 0, delayed: 0 });
});
