import { randomUUID } from 'node:crypto';
import type { AdmissionOutcome } from '@nightcrier/core/admission';
import { silentLogger } from '@nightcrier/core/logger';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmbeddedRedis, startEmbeddedRedis } from '../src/embedded-redis.ts';
import { StateKeys } from '../src/keys.ts';
import { balancedBooks, Clock, fault, openState, type State, waitingJobs } from './open-state.ts';

let server: EmbeddedRedis;
beforeAll(async () => {
  server = await startEmbeddedRedis({ logger: silentLogger });
});
afterAll(async () => server.stop());

/** Some of everything: new faults, recurrences, groups and their escalations, more than the bounds allow. */
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

type Admit = (state: State) => Promise<AdmissionOutcome[]>;

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
] as const)('faults that are admitted together fare as if one came after the other: %s, %d', async (policy, bound) => {
  const settings = {
    global_queue_size: 20,
    cluster_queue_size: bound,
    queue_overflow_policy: policy,
    grouping: 'workload',
  } as const;
  const outcomes: unknown[] = [];
  for (const admit of [together, oneByOne]) {
    await using state = await openState(server.url, settings, { now: new Clock().now });
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

test('the same call twice at the same time counts once', async () => {
  await using state = await openState(server.url);
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

test('one that Redis refuses does not hold up those that are admitted with it', async () => {
  await using state = await openState(server.url, { cluster_queue_size: 5 });
  // What counts that cluster's incidents is of another type.
  await state.redis.set(new StateKeys(state.key_prefix).waiting('broken'), 'not a sorted set');
  const events = ['fine', 'broken', 'well'].map((cluster) => fault({ cluster }));
  const answers = await Promise.allSettled(events.map(async (event) => state.admission.admit(event)));
  expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.kind : String(answer.reason)))).toEqual([
    'queued',
    expect.stringContaining('WRONGTYPE'),
    'queued',
  ]);
  expect(await balancedBooks(state)).toMatchObject({ received: 2, queued: 2 });
});
