import { randomUUID } from 'node:crypto';
import type { RememberedSymptom } from '@nightcrier/core/problems/problem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { balancedBooks, Clock, fault, openTestState, type TestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const PROBLEM = 'shop/cart';
const symptom = (changes: Partial<RememberedSymptom> = {}): RememberedSymptom => ({
  state: 'firing',
  family: 'crash',
  container: 'app',
  workload: { namespace: 'shop', name: 'cart' },
  fault_type: 'CrashLoop',
  severity: 'critical',
  resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-7d4b9c-abcde', namespace: 'shop' },
  fault_id: 'f1',
  since: 1_000,
  fired_at: 2_000,
  ...changes,
});
const probe = symptom({ family: 'probe', fault_type: 'ProbeFailure', severity: 'warning', fired_at: 3_000 });
const ofProblem = (more: Parameters<typeof fault>[0] = {}) => ({ ...fault(more), problem: PROBLEM });

/** An ingester that holds the cluster `prod`. */
async function holder(state: TestState, clock: Clock) {
  const leases = state.openLeases({ id: randomUUID(), now: clock.now });
  const [token = 0] = (await leases.take(new Map([['prod', 0]]))).values();
  const write = async (...symptoms: RememberedSymptom[]) =>
    state.problems.write(leases, [{ cluster: 'prod', token, problem: PROBLEM, symptoms }]);
  return { leases, token, write };
}

/** Ends an incident, with its job. */
async function finish(state: TestState, incidentId: string, ended: 'reported' | 'agent_failed'): Promise<void> {
  await state.incidents.begin(incidentId);
  await state.incidents.finish(incidentId, { state: ended });
  await (await state.queue.getJob(incidentId))?.remove();
}

test('a problem is firing while one of its symptoms is, with the highest severity of those', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, {}, { now: clock.now });
  const { write } = await holder(state, clock);
  expect(await write(symptom(), probe)).toEqual([true]);
  expect(await state.problems.list('prod')).toEqual([
    {
      cluster: 'prod',
      key: PROBLEM,
      state: 'firing',
      severity: 'critical',
      since: 2_000,
      changed_at: clock.ms,
      symptoms: expect.arrayContaining([symptom(), probe]),
      incidents: [],
      recurrences: 0,
      flapping: false,
    },
  ]);
  await write(symptom({ state: 'cleared', cleared_at: clock.ms }));
  expect(await state.problems.list('prod')).toMatchObject([{ state: 'firing', severity: 'warning' }]);
  clock.ms += 1_000;
  await write({ ...probe, state: 'cleared', cleared_at: clock.ms });
  expect(await state.problems.list('prod')).toMatchObject([{ state: 'recovered', recovered_at: clock.ms }]);
});

test('an ingester that lost the cluster writes nothing', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, {}, { now: clock.now });
  const first = await holder(state, clock);
  const other = state.openLeases({ id: 'other', now: clock.now });
  await other.take(new Map([['prod', first.token]]));
  expect(await first.write(symptom())).toEqual([false]);
  expect(await state.problems.list('prod')).toEqual([]);
});

test('of a cluster the latest 1,000 problems are kept, and all that are firing', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, {}, { now: clock.now });
  const { leases, token } = await holder(state, clock);
  const cleared = symptom({ state: 'cleared', cleared_at: clock.ms });
  const change = (problem: string, one: RememberedSymptom) => ({ cluster: 'prod', token, problem, symptoms: [one] });
  await state.problems.write(leases, [change('first', symptom())]);
  clock.ms += 1_000;
  await state.problems.write(
    leases,
    Array.from({ length: 1_500 }, (_, index) => change(`p${index}`, cleared)),
  );
  const kept = await state.problems.list('prod');
  expect(kept.length).toBeLessThanOrEqual(1_200);
  expect(kept[0]).toMatchObject({ key: 'first', state: 'firing' });
});

test('symptoms of a problem join its open incident, whatever their type, and raise when it gives way', async () => {
  await using state = await openTestState(server.url, { grouping: 'workload' });
  const { incidentId } = await state.admission.admit(ofProblem({ id: 'f1', type: 'PodCrash' }));
  const joined = [
    await state.admission.admit(ofProblem({ id: 'f2', type: 'CrashLoop', severity: 'critical' })),
    await state.admission.admit(ofProblem({ id: 'f3', type: 'DeploymentFailure', severity: 'critical' })),
  ];
  expect(joined).toEqual([
    { kind: 'grouped', incidentId, members: 2 },
    { kind: 'grouped', incidentId, members: 3 },
  ]);
  const incident = await state.incidents.get(incidentId);
  expect(incident?.members.map(({ faultType }) => faultType).sort()).toEqual([
    'CrashLoop',
    'DeploymentFailure',
    'PodCrash',
  ]);
  const [, score] = await state.redis.zrange(state.keys.waiting(), '0', '-1', 'WITHSCORES');
  expect(Math.floor(Number(score) / 2 ** 41)).toBe(2);
  expect(await state.problems.list('prod')).toMatchObject([{ state: 'firing', incidents: [incidentId] }]);
  expect(await balancedBooks(state)).toMatchObject({ received: 3, queued: 1, grouped: 2, waiting: 1 });
});

test('a problem that a report explains gets no other incident while it is firing, and one when it comes again after it was closed', async () => {
  const clock = new Clock();
  await using state = await openTestState(
    server.url,
    { grouping: 'workload', dedup_window_seconds: 60 },
    { now: clock.now },
  );
  const { write } = await holder(state, clock);
  const { incidentId } = await state.admission.admit(ofProblem({ id: 'f1' }));
  await write(symptom());
  await finish(state, incidentId, 'reported');
  clock.ms += 10 * 60_000;
  expect(await state.admission.admit(ofProblem({ id: 'f2', type: 'DeploymentFailure' }))).toEqual({
    kind: 'deduplicated',
    incidentId,
    recurrences: 1,
  });
  await write(symptom({ state: 'cleared', cleared_at: clock.ms }));
  clock.ms += 3_600_000;
  const again = await state.admission.admit(ofProblem({ id: 'f2', type: 'DeploymentFailure' }));
  expect(again.kind).toBe('queued');
  expect(await state.problems.list('prod')).toMatchObject([
    { state: 'firing', incidents: [again.incidentId, incidentId] },
  ]);
  expect(await balancedBooks(state)).toMatchObject({ received: 3, queued: 2, deduplicated: 1 });
});
