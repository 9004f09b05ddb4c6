import { randomUUID } from 'node:crypto';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { balancedBooks, Clock, fault, openTestState, type TestState, waitingJobs } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

/** New faults, recurrences, groups and their escalations, more than the bounds allow. */
const FAULTS = Array.from({ length: 200 }, (_, at) =>
  fault({
    id: `f${(at * 7) % 60}`,
    cluster: `c${at % 3}`,
    severity: (['info', 'warning', 'critical'] as const)[at % 5 === 0 ? 2 : at % 2],
    pod: `cart-${at % 8}-7d4b9c8f6d-x2vb${at % 9}`,
    received_at: new Date(Date.parse('2026-03-01T12:00:00Z') + at).toISOString(),
  }),
);
const IDS = FAULTS.map(() => randomUUID());

type Admit = (state: TestState) => Promise<AdmissionOutcome[]>;

const together: Admit = async ({ admission }) =>
  Promise.all(FAULTS.map(async (event, at) => admission.admit(event, IDS[at])));

const oneByOne: Admit = async ({ admission }) => {
  const outcomes: AdmissionOutcome[] = [];
  for (const [at, event] of FAULTS.entries()) outcomes.push(await admission.admit(event, IDS[at]));
  return outcomes;
};

test.each([
  ['drop', 0],
  ['drop', 9],
  ['reject', 9],
] as const)('faults admitted in one call have the same outcomes as one call each: %s, %d', async (policy, bound) => {
  const settings = {
    global_queue_size: 20,
    cluster_queue_size: bound,
    queue_overflow_policy: policy,
    grouping: 'workload',
  } as const;
  const outcomes: unknown[] = [];
  for (const admit of [together, oneByOne]) {
    await using state = await openTestState(server.url, settings, { now: new Clock().now });
    const answers = await admit(state);
    const again = await admit(state);
    const { incidents } = await state.incidents.list({ limit: 500 });
    const jobs = await state.queue.getJobs(['prioritized']);
    outcomes.push({
      answers,
      again,
      books: await balancedBooks(state),
      incidents: incidents.toSorted((a, b) => a.incident_id.localeCompare(b.incident_id)),
      order: Object.fromEntries(jobs.map(({ id, opts }) => [id, opts.priority])),
      waiting: await waitingJobs(state.queue),
    });
  }
  expect(outcomes[0]).toEqual(outcomes[1]);
});

test('the same call sent twice at the same time counts once', async () => {
  await using state = await openTestState(server.url);
  const [queued, repeated] = [randomUUID(), randomUUID()];
  const event = fault({ id: 'same' });
  const ids = [queued, queued, repeated, repeated];
  expect(await Promise.all(ids.map(async (id) => state.admission.admit(event, id)))).toEqual([
    { kind: 'queued', incidentId: queued, evicted: [] },
    { kind: 'resent', incidentId: queued },
    { kind: 'deduplicated', incidentId: queued, recurrences: 1 },
    { kind: 'deduplicated', incidentId: queued, recurrences: 1 },
  ]);
  expect(await balancedBooks(state)).toMatchObject({ received: 2, queued: 1, deduplicated: 1 });
});

test('a damaged value of one cluster affects no fault of its call', async () => {
  await using state = await openTestState(server.url, { cluster_queue_size: 5 });
  // The index of that cluster's incidents has another type.
  await state.redis.set(state.keys.waiting('broken'), 'not a sorted set');
  const events = ['fine', 'broken', 'well'].map((cluster) => fault({ cluster }));
  const answers = await Promise.all(events.map(async (event) => state.admission.admit(event)));
  expect(answers.map(({ kind }) => kind)).toEqual(['queued', 'queued', 'queued']);
  expect(await balancedBooks(state)).toMatchObject({ received: 3, queued: 3 });
  expect((await state.damage.read()).count).toBe(1);
});

test.each([
  ['rejected', 'reject'],
  ['evicted', 'drop'],
] as const)('a resent call counts once after a storm has displaced its row: %s', async (fate, policy) => {
  await using state = await openTestState(server.url, { global_queue_size: 1, queue_overflow_policy: policy });
  if (policy === 'reject') await state.admission.admit(fault());
  const [event, id] = [fault(), randomUUID()];
  const answer = await state.admission.admit(event, id);
  await Promise.all(Array.from({ length: 1_100 }, async () => state.admission.admit(fault())));
  expect(await state.incidents.get(id)).toBeUndefined();
  const before = await balancedBooks(state);
  const again = await state.admission.admit(event, id);
  expect(again).toEqual(fate === 'rejected' ? answer : { kind: 'resent', incidentId: id });
  expect(await balancedBooks(state)).toEqual({ ...before, resent: before.resent + 1 });
});

test('the answer to a call is kept for ten minutes, however many calls follow', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, { dedup_window_seconds: 86_400 }, { now: clock.now });
  const repeat = async (times: number): Promise<unknown> =>
    Promise.all(Array.from({ length: times }, async () => state.admission.admit(fault({ id: 'same' }))));
  const remembered = async (): Promise<number> => state.redis.zcard(state.keys.countedCalls[0]!);
  await repeat(1);
  const [event, id] = [fault({ id: 'same' }), randomUUID()];
  const answer = await state.admission.admit(event, id);
  clock.ms += 599_000;
  await repeat(10_100);
  expect(await state.admission.admit(event, id)).toEqual(answer);
  expect(await remembered()).toBe(10_101);
  // Then two of the oldest are deleted for each new one, and 10,000 stay.
  clock.ms += 600_000;
  await repeat(50);
  expect(await remembered()).toBe(10_051);
  await repeat(200);
  expect(await remembered()).toBe(10_000);
});
