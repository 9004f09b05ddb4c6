import type { Incident } from '@nightcrier/core/incidents/incident';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { balancedBooks, Clock, fault, openTestState, type TestState, waitingJobs } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

async function incidentOf(state: TestState, id: string): Promise<Incident> {
  const incident = await state.incidents.get(id);
  if (!incident) throw new Error(`no incident ${id}`);
  return incident;
}

test('a dropped incident is requeued as a new one, and keeps its row and its reason', async () => {
  await using state = await openTestState(server.url, { global_queue_size: 1, grouping: 'workload' });
  const { incidentId: shed } = await state.admission.admit(fault({ id: 'a', pod: 'cart-7d4b9c8f6d-xbbbb' }));
  await state.admission.admit(fault({ id: 'b', pod: 'cart-7d4b9c8f6d-xcccc' }));
  const { incidentId: other } = await state.admission.admit(fault({ pod: 'order-0' }));
  expect(await incidentOf(state, shed)).toMatchObject({ state: 'dropped', member_count: 2 });
  await state.incidents.finish(other, { state: 'reported' });
  await (await state.queue.getJob(other))?.remove();

  const outcome = await state.admission.requeue(await incidentOf(state, shed));
  expect(outcome).toMatchObject({ kind: 'queued' });
  const { incidentId } = outcome;
  expect(await incidentOf(state, incidentId)).toMatchObject({
    state: 'queued',
    previous_incident_id: shed,
    member_count: 2,
    members: [{ faultId: 'a' }, { faultId: 'b' }],
  });
  expect(await incidentOf(state, shed)).toMatchObject({
    state: 'dropped',
    requeued_as: incidentId,
    reason: expect.stringContaining('evicted by'),
  });
  expect(await state.queue.getJob(incidentId)).toMatchObject({ id: incidentId });
  // A second requeue finds it open.
  expect(await state.admission.requeue(await incidentOf(state, shed))).toEqual({ kind: 'already_open', incidentId });
  expect(await balancedBooks(state)).toMatchObject({ received: 4, queued: 3, dropped: 1, requeued: 1 });
});

test('the oldest shed incident is requeued with its members, even if an eviction of the same call deletes its row', async () => {
  const clock = new Clock();
  await using state = await openTestState(
    server.url,
    { global_queue_size: 1, grouping: 'workload' },
    { now: clock.now },
  );
  const { incidentId: shed } = await state.admission.admit(fault({ id: 'a', pod: 'cart-7d4b9c8f6d-xbbbb' }));
  await state.admission.admit(fault({ id: 'b', pod: 'cart-7d4b9c8f6d-xcccc' }));
  clock.ms += 1;
  await Promise.all(Array.from({ length: 1_000 }, async (_, at) => state.admission.admit(fault({ type: `T${at}` }))));
  const { incidentId } = await state.admission.requeue(await incidentOf(state, shed));
  expect(await state.incidents.get(shed)).toBeUndefined();
  expect(await incidentOf(state, incidentId)).toMatchObject({
    state: 'queued',
    previous_incident_id: shed,
    member_count: 2,
    members: [{ faultId: 'a' }, { faultId: 'b' }],
  });
});

test('an incident whose row was deleted since, or a member of it, is requeued without a link', async () => {
  await using state = await openTestState(server.url, { grouping: 'workload' });
  const { incidentId: gone } = await state.admission.admit(fault({ id: 'a', pod: 'cart-7d4b9c8f6d-xbbbb' }));
  await state.admission.admit(fault({ id: 'b', pod: 'cart-7d4b9c8f6d-xcccc' }));
  await state.incidents.finish(gone, { state: 'failed' });
  const incident = await incidentOf(state, gone);
  await state.redis.del(state.keys.incident(gone));
  const again = await state.admission.requeue(incident);
  const split = await state.admission.splitOff(incident, incident.members[1]!);
  expect([again.kind, split.kind]).toEqual(['queued', 'queued']);
  for (const { incidentId } of [again, split])
    expect((await incidentOf(state, incidentId)).previous_incident_id).toBeUndefined();
  expect(await state.incidents.get(gone)).toBeUndefined();
  expect(await balancedBooks(state)).toMatchObject({ queued: 3, requeued: 2 });
});

test('a requeued incident owns the faults of its members, except one with an open incident of its own', async () => {
  await using state = await openTestState(server.url, { grouping: 'workload' });
  const pod = (id: string, more: Parameters<typeof fault>[0] = {}) =>
    fault({ id, pod: `cart-7d4b9c8f6d-xbbb${id}`, ...more });
  const { incidentId: ended } = await state.admission.admit(pod('b'));
  await state.admission.admit(pod('c'));
  await state.admission.admit(pod('d'));
  await state.incidents.finish(ended, { state: 'failed' });
  const incident = await incidentOf(state, ended);
  const { incidentId: own } = await state.admission.splitOff(incident, incident.members[2]!);
  const { incidentId } = await state.admission.requeue(incident);
  expect(await state.admission.admit(pod('c'))).toEqual({ kind: 'deduplicated', incidentId, recurrences: 1 });
  expect(await state.admission.admit(pod('d'))).toMatchObject({ kind: 'deduplicated', incidentId: own });
  // A listed member does not count again, even without an owner of its fault.
  await state.redis.del(state.keys.fault('prod', 'c'));
  expect(await state.admission.admit(pod('c'))).toMatchObject({ kind: 'grouped', members: 2 });
  expect(await incidentOf(state, incidentId)).toMatchObject({
    member_count: 2,
    members: [{ faultId: 'b' }, { faultId: 'c' }],
  });
  expect((await incidentOf(state, ended)).recurrences).toBe(0);
});

test('a rejected incident can be requeued; while the queue is full that is refused, without a row or a count', async () => {
  await using state = await openTestState(server.url, { global_queue_size: 1, queue_overflow_policy: 'reject' });
  const { incidentId: waiting } = await state.admission.admit(fault());
  const { incidentId: refused } = await state.admission.admit(fault());
  const before = await balancedBooks(state);
  expect(await state.admission.requeue(await incidentOf(state, refused))).toMatchObject({ kind: 'rejected' });
  expect(await balancedBooks(state)).toEqual(before);
  expect((await state.incidents.list({ limit: 10 })).incidents).toHaveLength(2);
  await state.incidents.finish(waiting, { state: 'reported' });
  await (await state.queue.getJob(waiting))?.remove();
  expect(await state.admission.requeue(await incidentOf(state, refused))).toMatchObject({ kind: 'queued' });
});

test('an ended incident can be requeued within the dedup window of its fault, an open one cannot', async () => {
  await using state = await openTestState(server.url);
  const { incidentId } = await state.admission.admit(fault({ id: 'f' }));
  expect(await state.admission.requeue(await incidentOf(state, incidentId))).toEqual({
    kind: 'already_open',
    incidentId,
  });
  await state.incidents.finish(incidentId, { state: 'failed' });
  const again = await state.admission.requeue(await incidentOf(state, incidentId));
  expect(again.kind).toBe('queued');
  expect(await state.admission.admit(fault({ id: 'f' }))).toMatchObject({
    kind: 'deduplicated',
    incidentId: again.incidentId,
  });
});

test('a member is split off into an incident of its own, once', async () => {
  await using state = await openTestState(server.url, { grouping: 'workload' });
  const pod = (id: string, suffix: string) => fault({ id, pod: `cart-7d4b9c8f6d-${suffix}` });
  const { incidentId } = await state.admission.admit(pod('a', 'xbbbb'));
  await state.admission.admit(pod('b', 'xcccc'));
  await state.admission.admit(pod('c', 'xdddd'));
  const incident = await incidentOf(state, incidentId);
  const member = incident.members[1]!;
  const split = await state.admission.splitOff(incident, member);
  expect(split).toMatchObject({ kind: 'queued' });
  expect(await incidentOf(state, split.incidentId)).toMatchObject({
    fingerprint: 'b',
    previous_incident_id: incidentId,
    member_count: 1,
    cluster_event: { event: { faultId: 'b', resource: { name: 'cart-7d4b9c8f6d-xcccc' } } },
  });
  expect(await incidentOf(state, incidentId)).toMatchObject({
    member_count: 2,
    members: [{ faultId: 'a' }, { faultId: 'c' }],
  });
  expect(await state.admission.splitOff(incident, member)).toEqual({
    kind: 'already_open',
    incidentId: split.incidentId,
  });
  // The new incident owns its fault, and the first incident keeps the group.
  expect(await state.admission.admit(pod('b', 'xcccc'))).toMatchObject({ incidentId: split.incidentId });
  expect(await state.admission.admit(pod('d', 'xffff'))).toMatchObject({ kind: 'grouped', incidentId });
  expect(await waitingJobs(state.queue)).toBe(2);
  expect(await balancedBooks(state)).toMatchObject({ received: 6, queued: 2, grouped: 3, requeued: 1 });
});

test('a member that is split off while its incident is evicted for it gets the group', async () => {
  await using state = await openTestState(server.url, { grouping: 'workload', global_queue_size: 1 });
  const pod = (id: string, suffix: string) => fault({ id, pod: `cart-7d4b9c8f6d-${suffix}` });
  const { incidentId } = await state.admission.admit(pod('a', 'xbbbb'));
  await state.admission.admit(pod('b', 'xcccc'));
  const incident = await incidentOf(state, incidentId);
  const split = await state.admission.splitOff(incident, incident.members[1]!);
  expect(split).toMatchObject({ kind: 'queued', evicted: [{ incidentId }] });
  expect(await state.admission.admit(pod('c', 'xdddd'))).toMatchObject({
    kind: 'grouped',
    incidentId: split.incidentId,
  });
});
