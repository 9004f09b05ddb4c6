import { silentLogger } from '@nightcrier/core/logger';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterSlots } from '../src/cluster-slots.ts';
import { type EmbeddedRedis, startEmbeddedRedis } from '../src/embedded-redis.ts';
import { StateKeys } from '../src/keys.ts';
import { balancedBooks, fault, openState, type State, take } from './open-state.ts';

let server: EmbeddedRedis;
beforeAll(async () => {
  server = await startEmbeddedRedis({ logger: silentLogger });
});
afterAll(async () => server.stop());

const slotsOf = ({ redis, key_prefix }: State, max_agents_per_cluster: number, lease = 60_000): ClusterSlots =>
  new ClusterSlots({ redis, key_prefix, max_agents_per_cluster, lease });

/** Takes the next job, finds no slot for it, and parks it as a worker does. */
async function parkNext(state: State, slots: ClusterSlots): Promise<string> {
  const id = await take(state);
  expect(await slots.take('prod', id)).toBe(false);
  await (await state.queue.getJob(id))?.moveToDelayed(Date.now() + 300_000, 'token');
  await slots.park('prod', id);
  return id;
}

test('a cluster has no more slots than configured, and every cluster its own', async () => {
  await using state = await openState(server.url);
  const slots = slotsOf(state, 2);
  const taken = await Promise.all(['a', 'b', 'c', 'd'].map(async (id) => slots.take('prod', id)));
  expect(taken.filter(Boolean)).toHaveLength(2);
  expect(await slots.take('other', 'e')).toBe(true);
  // Who holds one keeps it, also when another worker has taken over its incident.
  expect(await slots.take('prod', 'a')).toBe(true);
  await slots.give('prod', 'a');
  expect(await slots.take('prod', 'd')).toBe(true);
});

test('0 is no bound', async () => {
  await using state = await openState(server.url);
  const slots = slotsOf(state, 0);
  for (let id = 0; id < 20; id += 1) expect(await slots.take('prod', String(id))).toBe(true);
});

test('a parked incident is promoted when a slot becomes free, the most severe first', async () => {
  await using state = await openState(server.url);
  const slots = slotsOf(state, 1);
  await slots.take('prod', 'running');
  await state.admission.admit(fault({ severity: 'info' }));
  const mild = await parkNext(state, slots);
  await state.admission.admit(fault({ severity: 'critical' }));
  const severe = await parkNext(state, slots);
  expect(await balancedBooks(state)).toMatchObject({ delayed: 2, waiting: 0 });
  expect(await slots.give('prod', 'running')).toEqual([severe]);
  expect(await (await state.queue.getJob(severe))?.getState()).toBe('prioritized');
  expect(await balancedBooks(state)).toMatchObject({ delayed: 1, waiting: 1 });
  expect(await take(state)).toBe(severe);
  expect(await slots.take('prod', severe)).toBe(true);
  expect(await slots.give('prod', severe)).toEqual([mild]);
});

test('a slot that becomes free before the incident is parked is not missed', async () => {
  await using state = await openState(server.url);
  const slots = slotsOf(state, 1);
  await slots.take('prod', 'running');
  await state.admission.admit(fault());
  const id = await take(state);
  expect(await slots.take('prod', id)).toBe(false);
  await slots.give('prod', 'running');
  await (await state.queue.getJob(id))?.moveToDelayed(Date.now() + 300_000, 'token');
  await slots.park('prod', id);
  expect(await take(state)).toBe(id);
});

test('the slots of a dead worker come back when their leases end', async () => {
  await using state = await openState(server.url);
  const slots = slotsOf(state, 1, 300);
  await slots.take('prod', 'of a dead worker');
  await state.admission.admit(fault());
  const id = await parkNext(state, slots);
  await expect.poll(async () => slots.refill(), { timeout: 5_000 }).toEqual([id]);
  expect(await state.redis.smembers(new StateKeys(state.key_prefix).parkedClusters)).toEqual(['prod']);
  expect(await slots.take('prod', id)).toBe(true);
});

test('a parked incident that gave way to another one is not promoted', async () => {
  await using state = await openState(server.url, { global_queue_size: 1 });
  const slots = slotsOf(state, 1);
  await slots.take('prod', 'running');
  await state.admission.admit(fault());
  const parked = await parkNext(state, slots);
  expect(await state.admission.admit(fault())).toMatchObject({ evicted: [parked] });
  expect(await slots.give('prod', 'running')).toEqual([]);
  expect(await balancedBooks(state)).toMatchObject({ delayed: 0, waiting: 1, dropped: 1 });
});
