import { randomUUID } from 'node:crypto';
import { MAX_MEMBERS } from '@nightcrier/core/incidents/incident';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { balancedBooks, Clock, fault, openTestState, take, waitingJobs } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

/** A fault of one of the pods of a Deployment. */
const podFault = (pod: number, more: Parameters<typeof fault>[0] = {}) => {
  const suffix = String(pod + 1000).replaceAll(/\d/g, (digit) => 'bcdfghjklm'[Number(digit)] ?? '');
  return fault({ pod: `cart-7d4b9c8f6d-x${suffix}`, id: `f${pod}`, ...more });
};

test('fifty pods of one workload with the same fault become one incident with fifty members', async () => {
  await using state = await openTestState(server.url, { grouping: 'workload' });
  const first = await state.admission.admit(podFault(0));
  const others = await Promise.all(
    Array.from({ length: 49 }, async (_, at) => state.admission.admit(podFault(at + 1))),
  );
  expect(others.map(({ kind, incidentId }) => [kind, incidentId])).toEqual(
    others.map(() => ['grouped', first.incidentId]),
  );
  expect(await waitingJobs(state.queue)).toBe(1);
  const incident = await state.incidents.get(first.incidentId);
  expect(incident).toMatchObject({ member_count: 50, recurrences: 0 });
  const listed = incident?.members.map(({ faultId }) => faultId) ?? [];
  expect(listed[0]).toBe('f0');
  expect(new Set(listed)).toEqual(new Set(Array.from({ length: 50 }, (_, at) => `f${at}`)));
  expect(await balancedBooks(state)).toMatchObject({ received: 50, queued: 1, grouped: 49, waiting: 1 });
});

test('the list of members is bounded, their number is exact', async () => {
  await using state = await openTestState(server.url, { grouping: 'workload' });
  const { incidentId } = await state.admission.admit(podFault(0));
  await Promise.all(Array.from({ length: 129 }, async (_, at) => state.admission.admit(podFault(at + 1))));
  const incident = await state.incidents.get(incidentId);
  expect(incident?.members).toHaveLength(MAX_MEMBERS);
  expect(incident?.member_count).toBe(130);
});

test('a member that recurs is a recurrence, and a resent call gets the same answer', async () => {
  await using state = await openTestState(server.url, { grouping: 'workload' });
  const { incidentId } = await state.admission.admit(podFault(0));
  const call = randomUUID();
  const answers = [
    await state.admission.admit(podFault(1), call),
    await state.admission.admit(podFault(1)),
    await state.admission.admit(podFault(1), call),
  ];
  expect(answers).toEqual([
    { kind: 'grouped', incidentId, members: 2 },
    { kind: 'deduplicated', incidentId, recurrences: 1 },
    { kind: 'grouped', incidentId, members: 2 },
  ]);
  // Also after the incident has ended, when a new fault would get another outcome.
  await state.incidents.finish(incidentId, { state: 'reported' });
  expect(await state.admission.admit(podFault(1), call)).toEqual(answers[0]);
  expect(await balancedBooks(state)).toMatchObject({
    received: 3,
    grouped: 1,
    deduplicated: 1,
    resent: 2,
    finished: 1,
  });
});

test.each([
  ['another type of fault', podFault(1, { type: 'PodCrash' })],
  ['a more severe fault', podFault(1, { severity: 'critical' })],
  ['a fault of another workload', podFault(1, { pod: 'order-7d4b9c8f6d-xbbbb' })],
  ['a fault of another cluster', podFault(1, { cluster: 'other' })],
])('a group does not absorb %s', async (_, other) => {
  await using state = await openTestState(server.url, { grouping: 'workload' });
  await state.admission.admit(podFault(0));
  expect(await state.admission.admit(other)).toMatchObject({ kind: 'queued' });
});

test('after a more severe fault, the others of the group join its incident', async () => {
  await using state = await openTestState(server.url, { grouping: 'workload' });
  await state.admission.admit(podFault(0));
  const { incidentId } = await state.admission.admit(podFault(1, { severity: 'critical' }));
  expect(await state.admission.admit(podFault(2))).toMatchObject({ kind: 'grouped', incidentId });
});

test('a group gets members while its incident is open, and none after it has ended or was evicted', async () => {
  await using state = await openTestState(server.url, { grouping: 'workload', global_queue_size: 1 });
  const first = await state.admission.admit(podFault(0));
  await state.incidents.begin(first.incidentId);
  expect(await state.admission.admit(podFault(1))).toMatchObject({ kind: 'grouped', members: 2 });
  await state.incidents.requeued(first.incidentId, 'cluster unreachable');
  expect(await state.admission.admit(podFault(2))).toMatchObject({ kind: 'grouped', members: 3 });
  await state.incidents.finish(first.incidentId, { state: 'reported' });
  await (await state.queue.getJob(first.incidentId))?.remove();
  const second = await state.admission.admit(podFault(3));
  expect(second).toMatchObject({ kind: 'queued' });
  expect(await state.admission.admit(fault({ cluster: 'other' }))).toMatchObject({
    evicted: [{ incidentId: second.incidentId }],
  });
  expect(await state.admission.admit(podFault(4))).toMatchObject({ kind: 'queued' });
  await balancedBooks(state);
});

test('grouping by resource separates the pods of a workload; no grouping separates all faults', async () => {
  for (const grouping of ['resource', 'none'] as const) {
    await using state = await openTestState(server.url, { grouping });
    await state.admission.admit(podFault(0));
    expect((await state.admission.admit(podFault(1))).kind).toBe('queued');
    const sameResource = await state.admission.admit(podFault(0, { id: 'another container' }));
    expect(sameResource.kind).toBe(grouping === 'resource' ? 'grouped' : 'queued');
  }
});

test('a new incident for a fault links to the previous one, after that has ended and its window has passed', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, { dedup_window_seconds: 60 }, { now: clock.now });
  const { incidentId: former } = await state.admission.admit(fault({ id: 'f', received_at: '2026-03-01T12:00:00Z' }));
  await state.admission.admit(fault({ id: 'f', received_at: '2026-03-01T12:00:30Z' }));
  await state.incidents.finish(former, { state: 'reported' });
  clock.ms += 3_600_000;
  const { incidentId } = await state.admission.admit(fault({ id: 'f' }));
  expect(await state.incidents.get(incidentId)).toMatchObject({ previous_incident_id: former, recurrences: 0 });
  expect(await state.incidents.get(former)).toMatchObject({
    recurrences: 1,
    first_seen: '2026-03-01T12:00:00Z',
    last_seen: '2026-03-01T12:00:30Z',
  });
});

/** A fault of the problem of one workload. */
const ofProblem = (pod: number, more: Parameters<typeof fault>[0]) => ({
  ...podFault(pod, more),
  problem: 'shop/cart',
});

test.each([
  ['a member of its problem', ofProblem(1, { severity: 'critical', type: 'PodCrash' })],
  ['a recurrence', ofProblem(0, { severity: 'critical', id: 'lesser' })],
])('%s of higher severity raises a queued incident in its row and in the queue', async (_, raising) => {
  await using state = await openTestState(server.url, { grouping: 'workload' });
  const { incidentId } = await state.admission.admit(ofProblem(0, { severity: 'info', id: 'lesser' }));
  const { incidentId: other } = await state.admission.admit(fault({ cluster: 'other' }));
  expect((await state.incidents.get(incidentId))?.severity).toBe('info');
  expect((await state.admission.admit(raising)).incidentId).toBe(incidentId);
  expect((await state.incidents.get(incidentId))?.severity).toBe('critical');
  expect([await take(state), await take(state)]).toEqual([incidentId, other]);
  expect(await balancedBooks(state)).toMatchObject({ received: 3, queued: 2 });
});

test('a parked incident that is raised is promoted before the others, and starts as what it is now', async () => {
  await using state = await openTestState(server.url, { grouping: 'workload' });
  const slots = state.openSlots({ max_agents_per_cluster: 1, lease: 60_000 });
  const runs = (await state.admission.admit(fault({ severity: 'critical', pod: 'runs' }))).incidentId;
  await take(state);
  await slots.take('prod', runs, 'token');
  await state.incidents.begin(runs);
  const { incidentId: other } = await state.admission.admit(fault({ pod: 'other' }));
  const { incidentId } = await state.admission.admit(ofProblem(0, { severity: 'info' }));
  for (const parked of [other, incidentId]) {
    expect(await take(state)).toBe(parked);
    expect(await slots.take('prod', parked, 'token')).toBe('parked');
  }
  await state.admission.admit(ofProblem(1, { severity: 'critical', type: 'PodCrash' }));
  expect(await slots.give('prod', runs, 'token')).toEqual([incidentId]);
  expect(await take(state)).toBe(incidentId);
});
