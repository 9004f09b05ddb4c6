import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClusterSlots } from '../src/queue/cluster-slots.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { balancedBooks, fault, openTestState, type TestState, take } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const slotsOf = (state: TestState, max_agents_per_cluster: number, lease = 60_000): ClusterSlots =>
  state.openSlots({ max_agents_per_cluster, lease });

/** Takes the next job as a worker does, finds no slot for it, and parks it. */
async function parkNext(state: TestState, slots: ClusterSlots): Promise<string> {
  const id = await take(state);
  expect(await slots.take('prod', id, 'token')).toBe('parked');
  expect(await (await state.queue.getJob(id))?.getState()).toBe('delayed');
  return id;
}

/** Admits a fault of the cluster `prod` and gives it a slot. */
async function runOne(state: TestState, slots: ClusterSlots): Promise<string> {
  const id = (await state.admission.admit(fault())).incidentId;
  await take(state);
  expect(await slots.take('prod', id, 'token')).toBe('taken');
  await state.incidents.begin(id);
  return id;
}

test('a cluster has no more slots than configured, and each cluster its own', async () => {
  await using state = await openTestState(server.url);
  const slots = slotsOf(state, 2);
  const [first, second] = [await runOne(state, slots), await runOne(state, slots)];
  await state.admission.admit(fault());
  const third = await parkNext(state, slots);
  expect(await slots.take('other', 'e', 'token')).toBe('taken');
  // An incident keeps its slot when another worker takes it over.
  expect(await slots.take('prod', second, 'another token')).toBe('taken');
  expect(await slots.renew('prod', first, 'token')).toBe(true);
  expect(await slots.renew('prod', third, 'token')).toBe(false);
});

test('a worker that has lost an incident does not free its slot', async () => {
  await using state = await openTestState(server.url);
  const slots = slotsOf(state, 1);
  const id = await runOne(state, slots);
  await state.admission.admit(fault());
  const parked = await parkNext(state, slots);
  await state.redis.set(`${state.queue.toKey(id)}:lock`, 'another token');
  expect(await slots.take('prod', id, 'another token')).toBe('taken');

  expect(await slots.give('prod', id, 'token')).toEqual([]);
  expect(await slots.renew('prod', id, 'token')).toBe(false);
  expect(await slots.renew('prod', id, 'another token')).toBe(true);
  expect(await slots.give('prod', id, 'another token')).toEqual([parked]);
});

test('0 is no bound', async () => {
  await using state = await openTestState(server.url);
  const slots = slotsOf(state, 0);
  for (let id = 0; id < 20; id += 1) expect(await slots.take('prod', String(id), 'token')).toBe('taken');
});

test('a job that another worker holds is not parked', async () => {
  await using state = await openTestState(server.url);
  const slots = slotsOf(state, 1);
  await runOne(state, slots);
  await state.admission.admit(fault());
  const id = await take(state);
  expect(await slots.take('prod', id, 'not the token')).toBe('not ours');
  expect(await (await state.queue.getJob(id))?.getState()).toBe('active');
});

test('a parked incident is promoted when a slot becomes free, the most severe first', async () => {
  await using state = await openTestState(server.url);
  const slots = slotsOf(state, 1);
  const running = await runOne(state, slots);
  await state.admission.admit(fault({ severity: 'info' }));
  const mild = await parkNext(state, slots);
  await state.admission.admit(fault({ severity: 'critical' }));
  const severe = await parkNext(state, slots);
  expect(await balancedBooks(state)).toMatchObject({ delayed: 2, waiting: 0 });
  expect(await slots.give('prod', running, 'token')).toEqual([severe]);
  expect(await (await state.queue.getJob(severe))?.getState()).toBe('prioritized');
  expect(await balancedBooks(state)).toMatchObject({ delayed: 1, waiting: 1 });
  expect(await take(state)).toBe(severe);
  expect(await slots.take('prod', severe, 'token')).toBe('taken');
  expect(await slots.give('prod', severe, 'token')).toEqual([mild]);
});

test('the slots of a dead worker are free when their leases expire', async () => {
  await using state = await openTestState(server.url);
  const slots = slotsOf(state, 1, 300);
  await runOne(state, slots);
  await state.admission.admit(fault());
  const id = await parkNext(state, slots);
  await expect.poll(async () => slots.refill(), { timeout: 30_000 }).toEqual([id]);
  expect(await state.redis.smembers(state.keys.parkedClusters)).toEqual(['prod']);
  expect(await take(state)).toBe(id);
  expect(await slots.take('prod', id, 'token')).toBe('taken');
});

test('a slot that expired while no worker could renew it stays with its incident until workers have reported for a while', async () => {
  await using state = await openTestState(server.url);
  const slots = slotsOf(state, 1);
  const id = await runOne(state, slots);
  await state.admission.admit(fault());
  const parked = await parkNext(state, slots);
  const watch = async (since: number): Promise<number> =>
    state.redis.hset(state.keys.workerRecords, '', JSON.stringify({ since, last: Date.now() }));
  await state.redis.zadd(state.keys.slots('prod'), Date.now() - 1, id);
  await watch(Date.now());
  expect(await slots.refill()).toEqual([]);
  expect(await slots.renew('prod', id, 'token')).toBe(true);

  await state.redis.zadd(state.keys.slots('prod'), Date.now() - 1, id);
  await watch(Date.now() - 60_000);
  expect(await slots.refill()).toEqual([parked]);
});

test('a parked incident that was evicted is not promoted', async () => {
  await using state = await openTestState(server.url, { global_queue_size: 1 });
  const slots = slotsOf(state, 1);
  const running = await runOne(state, slots);
  await state.admission.admit(fault());
  const parked = await parkNext(state, slots);
  expect(await state.admission.admit(fault())).toMatchObject({ evicted: [{ incidentId: parked }] });
  expect(await slots.give('prod', running, 'token')).toEqual([]);
  expect(await balancedBooks(state)).toMatchObject({ delayed: 0, waiting: 1, dropped: 1 });
});

test('an incident whose worker died waits for a slot like the others', async () => {
  await using state = await openTestState(server.url);
  const slots = slotsOf(state, 1);
  await state.admission.admit(fault());
  const lost = await take(state);
  await state.incidents.begin(lost);
  const running = await runOne(state, slots);
  expect(await slots.take('prod', lost, 'token')).toBe('parked');
  expect(await state.incidents.get(lost)).toMatchObject({
    state: 'queued',
    last_failure: 'attempt 1: its worker died or hung',
  });
  expect(await balancedBooks(state)).toMatchObject({ active: 1, delayed: 1 });
  expect(await slots.give('prod', running, 'token')).toEqual([lost]);
});

test('an incident that ended while its job waited is not parked, so that its worker ends the job at once', async () => {
  await using state = await openTestState(server.url);
  const slots = slotsOf(state, 1);
  await runOne(state, slots);
  const { incidentId: id } = await state.admission.admit(fault());
  await state.incidents.finish(id, { state: 'expired', reason: 'for a test' });
  expect(await take(state)).toBe(id);
  expect(await slots.take('prod', id, 'token')).toBe('taken');
  expect(await (await state.queue.getJob(id))?.getState()).toBe('active');
  expect(await state.redis.zscore(state.keys.slots('prod'), id)).toBeNull();
});
