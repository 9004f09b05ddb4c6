import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { balancedBooks, Clock, fault, openTestState, type TestState, take, waitingJobs } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

/** The state of another process on the same keys, with a clock of its own. */
const otherProcess = async ({ key_prefix }: TestState, clock: Clock, settings = {}): Promise<TestState> =>
  openTestState(server.url, settings, { key_prefix, now: clock.now });

/** A job that a worker took, and that BullMQ has failed without it. BullMQ uses the clock of the process that fails a job. */
async function failJob(state: TestState, id: string): Promise<void> {
  await (await state.queue.getJob(id))?.moveToFailed(new Error('stalled too often'), 'token', false);
}

describe('QueueSweep.expire', () => {
  test('ends incidents that waited longer than the maximum, with the reason, but none that were started', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, {}, { now: clock.now });
    const { incidentId: old } = await state.admission.admit(fault({ id: 'old' }));
    const { incidentId: begun } = await state.admission.admit(fault({ severity: 'critical' }));
    await take(state);
    await state.incidents.begin(begun);
    await state.incidents.requeued(begun, 'cluster unreachable');
    await (await state.queue.getJob(begun))?.moveToDelayed(Date.now() + 600_000, 'token');
    clock.ms += 1_800_000;
    const { incidentId: young } = await state.admission.admit(fault());
    clock.ms += 1_801_000;
    const sweep = state.openSweep();
    const swept = await Promise.all([sweep.expire(3_600), sweep.expire(3_600)]);
    expect(swept.flat()).toEqual([old]);
    expect(await state.incidents.get(old)).toMatchObject({
      state: 'expired',
      reason: 'waited longer than max_queue_age_seconds: 3600',
    });
    expect(await state.queue.getJob(old)).toBeUndefined();
    expect(await state.incidents.get(young)).toMatchObject({ state: 'queued' });
    expect(await balancedBooks(state)).toMatchObject({ queued: 3, expired: 1, waiting: 1, delayed: 1 });
    // The fault of an expired incident gets a new one.
    expect(await state.admission.admit(fault({ id: 'old' }))).toMatchObject({ kind: 'queued' });
  });

  test('ends a backlog of any length in one sweep', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, { global_queue_size: 10_000 }, { now: clock.now });
    await Promise.all(Array.from({ length: 1_000 }, async () => state.admission.admit(fault())));
    clock.ms += 10_000;
    expect(await state.openSweep().expire(5)).toHaveLength(1_000);
    expect(await balancedBooks(state)).toMatchObject({ waiting: 0, expired: 1_000 });
    expect(await waitingJobs(state.queue)).toBe(0);
  });

  test.each([
    ['ahead of', 30 * SECOND],
    ['behind', -30 * SECOND],
  ])('measures the age from the clock of the admitting process, here %s its own, to its own clock', async (_, skew) => {
    const [admitting, sweeping] = [new Clock(), new Clock()];
    admitting.ms += skew;
    await using ingester = await openTestState(server.url, {}, { now: admitting.now });
    await using worker = await otherProcess(ingester, sweeping);
    const { incidentId } = await ingester.admission.admit(fault());
    const sweep = worker.openSweep();
    sweeping.ms = admitting.ms + 60 * SECOND - 1;
    expect(await sweep.expire(60)).toEqual([]);
    sweeping.ms += 1;
    expect(await sweep.expire(60)).toEqual([incidentId]);
    // The end has the time of the sweeping process.
    expect((await worker.incidents.get(incidentId))?.finished_at).toBe(new Date(sweeping.ms).toISOString());
  });

  test('leaves an incident that was created in the future until it is old enough, and expires the others', async () => {
    const [admitting, sweeping] = [new Clock(), new Clock()];
    await using ingester = await openTestState(server.url, {}, { now: admitting.now });
    await using worker = await otherProcess(ingester, sweeping);
    const { incidentId: past } = await ingester.admission.admit(fault());
    admitting.ms += HOUR;
    const { incidentId: future } = await ingester.admission.admit(fault());
    const sweep = worker.openSweep();
    sweeping.ms += 5 * SECOND;
    expect(await sweep.expire(5)).toEqual([past]);
    expect(await worker.incidents.get(future)).toMatchObject({ state: 'queued' });
    sweeping.ms += HOUR;
    expect(await sweep.expire(5)).toEqual([future]);
    expect(await balancedBooks(worker)).toMatchObject({ queued: 2, expired: 2, waiting: 0 });
  });
});

describe('QueueSweep.endAbandoned', () => {
  test.each([
    ['running', true],
    ['taken and never started', false],
  ])('ends an incident whose job has failed without it: %s', async (_, begun) => {
    await using state = await openTestState(server.url);
    const { incidentId } = await state.admission.admit(fault());
    await take(state);
    if (begun) await state.incidents.begin(incidentId);
    const sweep = state.openSweep();
    expect(await sweep.endAbandoned()).toEqual([]);
    await failJob(state, incidentId);
    expect(await sweep.endAbandoned()).toEqual([incidentId]);
    expect(await state.incidents.get(incidentId)).toMatchObject({ state: 'failed' });
    expect(await balancedBooks(state)).toMatchObject({ waiting: 0, active: 0, finished: 1 });
    expect(await sweep.endAbandoned()).toEqual([]);
  });

  test('ends a queued incident whose job Redis has lost, in a queue of any length', async () => {
    await using state = await openTestState(server.url, { global_queue_size: 1_000 });
    const admitted = await Promise.all(Array.from({ length: 450 }, async () => state.admission.admit(fault())));
    const sweep = state.openSweep();
    expect(await sweep.endAbandoned()).toEqual([]);
    const [first = '', last = ''] = [admitted.at(0)?.incidentId, admitted.at(-1)?.incidentId];
    for (const id of [first, last]) await state.redis.del(`${state.keys.bullmq}:triage:${id}`);
    const ended: string[] = [];
    for (let at = 0; at < 4; at += 1) ended.push(...(await sweep.endAbandoned()));
    expect(ended.toSorted()).toEqual([first, last].toSorted());
    expect(await state.incidents.get(last)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('job is missing'),
    });
  });

  test('finds a job that failed between two sweeps by a clock that is up to a minute behind its own', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, {}, { now: clock.now });
    const { incidentId } = await state.admission.admit(fault());
    await take(state);
    const sweep = state.openSweep();
    clock.ms = Date.now() + 55 * SECOND;
    expect(await sweep.endAbandoned()).toEqual([]);
    // Between the sweeps for their clock, 55 s before the first one for the clock of the worker that failed the job.
    await failJob(state, incidentId);
    clock.ms += 15 * SECOND;
    expect(await sweep.endAbandoned()).toEqual([incidentId]);
  });

  test('checks jobs that failed long before a process started in its first sweep, whatever its clock', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, {}, { now: clock.now });
    const { incidentId } = await state.admission.admit(fault());
    await take(state);
    await failJob(state, incidentId);
    clock.ms = Date.now() + DAY;
    expect(await state.openSweep().endAbandoned()).toEqual([incidentId]);
  });
});

describe('QueueSweep.trim', () => {
  test('deletes incidents that ended more than 30 days ago where no other one ends', async () => {
    const clock = new Clock();
    const reject = { global_queue_size: 1, queue_overflow_policy: 'reject' } as const;
    await using state = await openTestState(server.url, reject, { now: clock.now });
    const { redis, incidents } = state;
    const sweep = state.openSweep();
    await state.admission.admit(fault());
    await Promise.all(Array.from({ length: 450 }, async () => state.admission.admit(fault())));
    clock.ms += 30 * DAY - 1;
    await sweep.trim();
    expect(await incidents.counts()).toMatchObject({ queued: 1, rejected: 450 });
    clock.ms += 1;
    await sweep.trim();
    expect(await incidents.counts()).toMatchObject({ queued: 1, rejected: 0 });
    expect(await redis.keys(state.keys.incident('*'))).toHaveLength(1);
  });

  test('measures 30 days by the clock of the sweeping process, also of incidents that were created in the future', async () => {
    const [ending, sweeping] = [new Clock(), new Clock()];
    ending.ms += HOUR;
    await using ended = await openTestState(server.url, {}, { now: ending.now });
    await using worker = await otherProcess(ended, sweeping);
    const { incidentId } = await ended.admission.admit(fault());
    await ended.incidents.finish(incidentId, { state: 'reported' });
    const sweep = worker.openSweep();
    sweeping.ms += 30 * DAY;
    await sweep.trim();
    expect(await worker.incidents.get(incidentId)).toBeDefined();
    sweeping.ms += HOUR;
    await sweep.trim();
    expect(await worker.incidents.get(incidentId)).toBeUndefined();
  });
});
