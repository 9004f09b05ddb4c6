import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { allAdoptPrestarted, type LiveWorkers, type Takeover, workerTokens } from '../src/queue/live-workers.ts';
import { fault, openTestState, type TestState, take } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const HERE = { machine: 'this one', pid: 1, started: 1 };
const ELSEWHERE = { machine: 'another one', pid: 1, started: 1 };
const HOUR_MS = 3_600_000;

interface TestWorker extends LiveWorkers {
  released: string[];
  stalled: string[];
}

/** A worker whose locks have tokens that begin with `id`. */
function openWorker(state: TestState, id: string, takeover: Partial<Takeover> = {}): TestWorker {
  const [released, stalled]: [string[], string[]] = [[], []];
  const workers = state.openLiveWorkers(HOUR_MS, {
    id,
    process: HERE,
    token: `of ${id}`,
    hasEnded: () => false,
    silence: HOUR_MS,
    maxStalls: () => 3,
    stalledInterval: 1,
    maxConcurrent: () => 7,
    onReleased: (ids) => void released.push(...ids),
    onStalled: (ids) => void stalled.push(...ids),
    ...takeover,
  });
  return Object.assign(workers, { released, stalled });
}

/** Admits an incident that the worker takes. */
async function runOne(state: TestState, worker: string): Promise<string> {
  const { incidentId } = await state.admission.admit(fault());
  expect(await take(state, `${worker}:0`)).toBe(incidentId);
  await state.incidents.begin(incidentId);
  return incidentId;
}

const stateOf = async (state: TestState, id: string): Promise<string | undefined> =>
  (await state.queue.getJob(id))?.getState();

/** Makes the last heartbeats of all workers this much older. */
async function age(state: TestState, ms: number): Promise<void> {
  const records = await state.redis.hgetall(state.keys.workerRecords);
  for (const [id, text] of Object.entries(records)) {
    const { at, since, last, ...rest }: Record<string, number> = JSON.parse(text);
    const earlier = id === '' ? { since: Number(since) - ms, last } : { at: Number(at) - ms };
    await state.redis.hset(state.keys.workerRecords, id, JSON.stringify({ ...rest, ...earlier }));
  }
}

test('a worker that sends no heartbeat loses its incidents to the others, long before its locks expire', async () => {
  await using state = await openTestState(server.url);
  const [dying, other] = [openWorker(state, 'dying', { process: ELSEWHERE }), openWorker(state, 'other')];
  await dying.beat();
  const slots = state.openSlots({ max_agents_per_cluster: 1, lease: 60_000 });
  const id = await runOne(state, 'dying');
  expect(await slots.take('prod', id, 'dying:0')).toBe('taken');

  expect(await other.beat()).toBe(2);
  await age(state, HOUR_MS - 2_000);
  expect(await other.beat()).toBe(2);
  expect(await stateOf(state, id)).toBe('active');

  await age(state, HOUR_MS);
  expect(await other.beat()).toBe(1);
  expect(other.released).toEqual([id]);
  const locks = state.openJobLocks(60_000);
  expect(await locks.lost([{ id, token: 'dying:0', starts: 1 }])).toEqual([id]);
  // It is the next one, before what has waited, and its cluster is not blocked by its own slot.
  await state.admission.admit(fault({ severity: 'critical' }));
  expect(await take(state, 'other:0')).toBe(id);
  expect(await slots.take('prod', id, 'other:0')).toBe('taken');
  expect(await locks.lost([{ id, token: 'other:0', starts: 2 }])).toEqual([]);
  expect(await locks.lost([{ id, token: 'dying:0', starts: 1 }])).toEqual([id]);
});

test('a worker whose process on this machine has ended loses its incidents with the next heartbeat of another one', async () => {
  await using state = await openTestState(server.url);
  const dead = new Set<number>();
  const hasEnded = ({ pid }: { pid: number }): boolean => dead.has(pid);
  await openWorker(state, 'dying', { process: { ...HERE, pid: 7 } }).beat();
  await openWorker(state, 'elsewhere', { process: { ...ELSEWHERE, pid: 7 } }).beat();
  const [id, remote] = [await runOne(state, 'dying'), await runOne(state, 'elsewhere')];
  const other = openWorker(state, 'other', { hasEnded });
  await other.beat();
  expect(other.released).toEqual([]);

  dead.add(7);
  await other.beat();
  expect(other.released).toEqual([id]);
  expect([await stateOf(state, id), await stateOf(state, remote)]).toEqual(['waiting', 'active']);
});

test('the lock decides for a worker of an earlier version, which leaves no record', async () => {
  await using state = await openTestState(server.url);
  await state.openLiveWorkers(HOUR_MS).beat();
  const id = await runOne(state, 'old');
  const other = openWorker(state, 'other', { silence: 0, hasEnded: () => true });
  await other.beat();
  await other.beat();
  expect(other.released).toEqual([]);
  expect(await stateOf(state, id)).toBe('active');
});

test('a worker that stops keeps its incidents for as long as its process lives, although it sends no heartbeats', async () => {
  await using state = await openTestState(server.url);
  let hasEnded = false;
  const stopping = openWorker(state, 'stopping');
  const other = openWorker(state, 'other', { silence: 0, hasEnded: () => hasEnded });
  await stopping.beat();
  const [id, finished] = [await runOne(state, 'stopping'), openWorker(state, 'finished')];
  await finished.beat();
  await finished.leave();
  await finished.forget();
  await stopping.leave();
  expect(await other.beat()).toBe(1);
  expect(other.released).toEqual([]);
  hasEnded = true;
  await other.beat();
  expect(other.released).toEqual([id]);
  expect(Object.keys(await state.redis.hgetall(state.keys.workerRecords)).toSorted()).toEqual(['', 'other']);
});

test('after an outage of Redis, workers have time to report before they count as dead', async () => {
  await using state = await openTestState(server.url);
  const [late, other] = [openWorker(state, 'late'), openWorker(state, 'other')];
  await late.beat();
  const id = await runOne(state, 'late');
  await age(state, 2 * HOUR_MS);
  // Nobody sent a heartbeat.
  await state.redis.hset(state.keys.workerRecords, '', JSON.stringify({ since: 0, last: Date.now() - 10_000 }));
  await other.beat();
  expect(other.released).toEqual([]);
  await age(state, HOUR_MS);
  await other.beat();
  expect(other.released).toEqual([id]);
});

test('a damaged record of a worker keeps no heartbeat from succeeding', async () => {
  await using state = await openTestState(server.url);
  const worker = openWorker(state, 'worker');
  await state.redis.hset(state.keys.workerRecords, { '': '7', broken: 'not JSON', other: '{"at":"x","process":[]}' });
  expect(await worker.beat()).toBe(1);
  await state.redis.set(state.keys.workerRecords, 'no hash');
  expect(await worker.beat()).toBe(1);
});

test('a live worker of an earlier version adopts no prestarted container, until it has gone', async () => {
  await using state = await openTestState(server.url);
  const allAdopt = async (): Promise<boolean> => allAdoptPrestarted(state.redis, state.keys);
  expect(await allAdopt()).toBe(true);
  const worker = openWorker(state, 'new');
  await worker.beat();
  expect(await allAdopt()).toBe(true);
  await state.redis.zadd(state.keys.workers, Date.now() + HOUR_MS, 'old');
  expect(await allAdopt()).toBe(false);
  await state.redis.hset(state.keys.workerRecords, 'old', JSON.stringify({ at: Date.now(), process: ELSEWHERE }));
  expect(await allAdopt()).toBe(false);
  // Its heartbeats have stopped.
  await state.redis.zadd(state.keys.workers, Date.now() - 1, 'old');
  expect(await allAdopt()).toBe(true);
  await worker.beat();
  expect(await allAdopt()).toBe(true);
});

test('the tokens of all workers that have not died are known, unless one of an earlier version is among them', async () => {
  await using state = await openTestState(server.url);
  const tokens = async (): Promise<Set<string> | undefined> => workerTokens(state.redis, state.keys);
  const [stopping, other] = [openWorker(state, 'stopping'), openWorker(state, 'other', { silence: 10_000 })];
  await stopping.beat();
  await other.beat();
  await stopping.leave();
  expect(await tokens()).toEqual(new Set(['of stopping', 'of other']));
  await stopping.forget();
  expect(await tokens()).toEqual(new Set(['of other']));
  const earlier = JSON.stringify({ at: Date.now(), process: { ...ELSEWHERE, adopts_prestarted: true } });
  await state.redis.hset(state.keys.workerRecords, 'old', earlier);
  expect(await tokens()).toBeUndefined();
  await age(state, 20_000);
  await other.beat();
  expect(await tokens()).toEqual(new Set(['of other']));
});

/** Has the heartbeats of all workers stopped for a while, as when Redis refuses writes. */
async function interrupt(state: TestState): Promise<void> {
  const watch = JSON.stringify({ since: 0, last: Date.now() - 10_000 });
  await state.redis.hset(state.keys.workerRecords, '', watch);
}

test('a job without a lock is released, but not before live workers could lock theirs again after an outage', async () => {
  await using state = await openTestState(server.url);
  const [holder, other] = [openWorker(state, 'holder'), openWorker(state, 'other')];
  await holder.beat();
  const id = await runOne(state, 'holder');
  await state.redis.sadd(state.queue.toKey('stalled'), id);
  await state.redis.del(`${state.queue.toKey(id)}:lock`);
  await interrupt(state);
  await other.beat();
  await other.beat();
  expect([await stateOf(state, id), other.stalled]).toEqual(['active', []]);

  // Its lock was not taken again.
  await age(state, HOUR_MS);
  await holder.beat();
  expect([await stateOf(state, id), holder.stalled]).toEqual(['waiting', [id]]);
});

test('the incidents of a dead worker are released alone, though the locks of a live one expired in the same outage', async () => {
  await using state = await openTestState(server.url);
  const [dying, holder] = [openWorker(state, 'dying', { process: { ...HERE, pid: 7 } }), openWorker(state, 'holder')];
  await dying.beat();
  await holder.beat();
  const [dead, live] = [await runOne(state, 'dying'), await runOne(state, 'holder')];
  await state.redis.sadd(state.queue.toKey('stalled'), live);
  await state.redis.del(`${state.queue.toKey(live)}:lock`);
  await interrupt(state);
  const other = openWorker(state, 'other', { hasEnded: ({ pid }) => pid === 7 });
  await other.beat();
  expect(other.released).toEqual([dead]);
  expect([await stateOf(state, dead), await stateOf(state, live)]).toEqual(['waiting', 'active']);
});
