import { randomUUID } from 'node:crypto';
import type { Severity } from '@nightcrier/core/faults/severity';
import type { RememberedSymptom } from '@nightcrier/core/problems/problem';
import type { ProblemEvent } from '@nightcrier/core/problems/problem-notification';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import type { AdmissionSettings } from '../src/admission/admission-settings.ts';
import { balancedBooks, Clock, fault, openTestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const MINUTE = 60_000;
const KEY = 'shop/cart';

/** One problem over its life: what is received of it, what is found of it, and what is notified. */
async function openLife(settings: Partial<AdmissionSettings> = {}) {
  const clock = new Clock();
  const state = await openTestState(
    server.url,
    { grouping: 'workload', dedup_window_seconds: 0, ...settings },
    { now: clock.now },
  );
  const leases = state.openLeases({ id: randomUUID(), now: clock.now });
  const [token = 0] = (await leases.take(new Map([['prod', 0]]))).values();
  const symptom: RememberedSymptom = {
    state: 'firing',
    family: 'crash',
    container: 'app',
    workload: { namespace: 'shop', name: 'cart' },
    fault_type: 'CrashLoop',
    severity: 'warning',
    resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-7d4b9c-abcde', namespace: 'shop' },
    fault_id: 'f1',
    since: clock.ms,
    fired_at: clock.ms,
  };
  const write = async (one: RememberedSymptom) => {
    await state.problems.write(leases, [{ cluster: 'prod', token, problem: KEY, symptoms: [one] }]);
  };
  let received = 0;
  return {
    clock,
    state,
    fires: async () => write(symptom),
    recovers: async () => write({ ...symptom, state: 'cleared', cleared_at: clock.ms }),
    /** A fault of another pod each time. */
    receive: async ({ severity = 'warning', context }: { severity?: Severity; context?: string } = {}) => {
      const event = fault({ id: `f${(received += 1)}`, severity });
      if (context !== undefined) event.event.context = context;
      return state.admission.admit({ ...event, problem: KEY });
    },
    investigate: async (id: string, ended: 'reported' | 'failed' = 'reported') => {
      await state.incidents.begin(id);
      const notify = ended === 'reported' ? 'incident_resolved' : 'incident_failed';
      await state.incidents.finish(id, { state: ended, notify });
      await (await state.queue.getJob(id))?.remove();
    },
    problem: async () => state.problems.get('prod', KEY),
    /** Takes what is due, in its order. */
    notified: async (): Promise<ProblemEvent[]> => {
      const due = await state.problemOutbox.due();
      for (const one of due) await state.problemOutbox.taken(one);
      return due.map(({ notification }) => notification.event);
    },
    [Symbol.asyncDispose]: async () => state[Symbol.asyncDispose](),
  };
}

test('a problem fires, is reported, recovers and closes, and each is notified once', async () => {
  await using life = await openLife();
  const { clock } = life;
  await life.fires();
  expect(await life.notified()).toEqual([]);
  const { incidentId } = await life.receive();
  await life.fires();
  await life.investigate(incidentId);
  expect(await life.notified()).toEqual(['firing', 'reported']);
  clock.ms += 30 * MINUTE;
  await life.recovers();
  await life.recovers();
  expect(await life.problem()).toMatchObject({ state: 'recovered', recovered_at: clock.ms });
  expect(await life.notified()).toEqual(['recovered']);
  clock.ms += 59 * MINUTE;
  expect(await life.state.problems.sweep(60 * MINUTE)).toBe(0);
  clock.ms += MINUTE;
  expect(await life.state.problems.sweep(60 * MINUTE)).toBe(1);
  expect(await life.problem()).toMatchObject({ state: 'closed', closed_at: clock.ms, incidents: [incidentId] });
  expect(await life.notified()).toEqual(['closed']);
});

test('a notification shows the problem as it was when it changed', async () => {
  await using life = await openLife();
  const began = new Date(life.clock.ms).toISOString();
  await life.fires();
  const { incidentId } = await life.receive();
  life.clock.ms += 40 * 24 * 60 * MINUTE + 1_234;
  const recovered = new Date(life.clock.ms).toISOString();
  await life.recovers();
  const [first, second] = (await life.state.problemOutbox.due()).map(({ notification }) => notification);
  const problem = {
    cluster: 'prod',
    key: KEY,
    since: began,
    labels: {},
    namespace: 'shop',
    workload: 'cart',
    fault_types: ['CrashLoop'],
    symptoms: ['app/crash'],
    severity: 'warning',
    recurrences: 0,
    flapping: false,
  };
  expect(first).toMatchObject({
    event: 'firing',
    at: began,
    incident_id: incidentId,
    problem: { ...problem, state: 'firing' },
  });
  expect(second).toMatchObject({ event: 'recovered', at: recovered, problem: { ...problem, recovered_at: recovered } });
  expect(second?.id).not.toBe(first?.id);
});

test('a fault within reopen_window reopens a recovered problem without an investigation', async () => {
  await using life = await openLife();
  const { incidentId } = await life.receive();
  await life.fires();
  await life.investigate(incidentId);
  await life.recovers();
  await life.notified();
  life.clock.ms += 30 * MINUTE;
  expect(await life.receive()).toEqual({ kind: 'deduplicated', incidentId, recurrences: 1 });
  expect(await life.problem()).toMatchObject({ state: 'firing', recurrences: 1, incidents: [incidentId] });
  expect((await life.problem())?.recovered_at).toBeUndefined();
  expect(await life.notified()).toEqual(['reopened', 'recurred']);
});

test('a fault after reopen_window is another problem, and is investigated', async () => {
  await using life = await openLife({ reopen_window: 600 });
  const { incidentId } = await life.receive();
  await life.fires();
  await life.investigate(incidentId);
  await life.recovers();
  await life.notified();
  life.clock.ms += 10 * MINUTE;
  const again = await life.receive();
  expect(again.kind).toBe('queued');
  expect(await life.notified()).toEqual(['closed', 'firing']);
  expect(await life.problem()).toMatchObject({
    state: 'firing',
    since: life.clock.ms,
    recurrences: 0,
    incidents: [again.incidentId, incidentId],
  });
});

test.each([
  ['recurs', {}, 5 * 60 * MINUTE, 'deduplicated'],
  ['recurs after reinvestigate_after', {}, 6 * 60 * MINUTE, 'queued'],
  ['is more severe', { severity: 'critical' }, MINUTE, 'queued'],
  ['is less severe', { severity: 'info' }, MINUTE, 'deduplicated'],
  ['has another exit code', { context: 'last: exit code 3' }, MINUTE, 'queued'],
  ['has the same exit code', { context: 'Container app crashed with exit code 1 (Error)' }, MINUTE, 'deduplicated'],
  ['tells nothing of its cause', { context: '0 of 1 pods are ready' }, MINUTE, 'deduplicated'],
] as const)('a fault of an investigated problem that %s: %j after %d ms is %s', async (_, fault, after, kind) => {
  await using life = await openLife();
  const { incidentId } = await life.receive({ context: 'last: exit code 1 (Error)' });
  await life.investigate(incidentId);
  life.clock.ms += after;
  expect((await life.receive(fault)).kind).toBe(kind);
  // What is being investigated is not queued again.
  expect((await life.receive(fault)).kind).toBe(kind === 'queued' ? 'grouped' : 'deduplicated');
  const { received, queued, deduplicated, grouped } = await balancedBooks(life.state);
  expect(received).toBe((queued ?? 0) + (deduplicated ?? 0) + (grouped ?? 0));
});

test('an investigation that failed covers its problem as a report does', async () => {
  await using life = await openLife();
  const { incidentId } = await life.receive();
  await life.investigate(incidentId, 'failed');
  expect(await life.notified()).toEqual(['firing', 'investigation_failed']);
  expect(await life.receive()).toMatchObject({ kind: 'deduplicated', incidentId });
});

test('a person can have a problem investigated again, which is no other problem', async () => {
  await using life = await openLife();
  const { incidentId } = await life.receive();
  await life.investigate(incidentId);
  await life.notified();
  const again = await life.state.admission.investigateAgain('prod', KEY);
  expect(again).toMatchObject({ kind: 'queued' });
  expect(await life.notified()).toEqual([]);
  await life.investigate(again?.kind === 'queued' ? again.incidentId : '');
  expect(await life.notified()).toEqual(['reported']);
  expect(await life.state.admission.investigateAgain('prod', 'shop/unknown')).toBeUndefined();
});

test('a severity that rises is notified', async () => {
  await using life = await openLife();
  await life.receive();
  await life.receive({ severity: 'critical' });
  expect(await life.notified()).toEqual(['firing', 'severity_raised']);
  expect(await life.problem()).toMatchObject({ severity: 'critical' });
});

test('a problem that recovers three times in an hour flaps, which is notified once, until it is steady', async () => {
  await using life = await openLife();
  const { incidentId } = await life.receive();
  await life.investigate(incidentId);
  for (let time = 0; time < 5; time += 1) {
    await life.fires();
    life.clock.ms += 5 * MINUTE;
    await life.recovers();
    life.clock.ms += 5 * MINUTE;
  }
  expect(await life.notified()).toEqual([
    'firing',
    'reported',
    'recovered',
    'reopened',
    'recovered',
    'reopened',
    'flapping',
  ]);
  await life.fires();
  expect(await life.problem()).toMatchObject({ state: 'firing', flapping: true });
  life.clock.ms += 60 * MINUTE;
  await life.state.problems.sweep(60 * MINUTE);
  expect(await life.notified()).toEqual(['reopened']);
  expect(await life.problem()).toMatchObject({ state: 'firing', flapping: false });
  await life.recovers();
  expect(await life.notified()).toEqual(['recovered']);
});

test('a flapping problem that stays recovered is notified as recovered when it closes', async () => {
  await using life = await openLife();
  await life.receive();
  for (let time = 0; time < 3; time += 1) {
    await life.fires();
    await life.recovers();
  }
  await life.notified();
  life.clock.ms += 60 * MINUTE;
  await life.state.problems.sweep(60 * MINUTE);
  expect(await life.notified()).toEqual(['recovered', 'closed']);
});

test('a problem is acknowledged, by whom and why, until that is taken back or it closes', async () => {
  await using life = await openLife();
  const acknowledgement = { by: 'alice', at: '2026-03-01T12:00:00Z', comment: 'on it' };
  expect(await life.state.problems.acknowledge('prod', KEY, acknowledgement)).toBe(false);
  await life.receive();
  expect(await life.state.problems.acknowledge('prod', KEY, acknowledgement)).toBe(true);
  expect(await life.problem()).toMatchObject({ state: 'firing', acknowledged: acknowledgement });
  expect(await life.state.problems.unacknowledge('prod', KEY)).toBe(true);
  expect((await life.problem())?.acknowledged).toBeUndefined();
  expect(await life.notified()).toEqual(['firing', 'acknowledged', 'acknowledged']);
});

test('of a problem that is still investigated when its silence is lifted, the beginning is notified', async () => {
  await using life = await openLife();
  await life.fires();
  await life.state.problems.markSilenced('prod', KEY, { by: 'alice', reason: 'upgrade' });
  await life.receive();
  await life.state.problems.markSilenced('prod', KEY, undefined);
  expect(await life.notified()).toEqual(['firing']);
});

test('a silenced problem is not notified, and is, of its report, when the silence is lifted while it fires', async () => {
  await using life = await openLife();
  await life.fires();
  const silence = { by: 'alice', reason: 'upgrade', until: '2026-03-01T14:00:00Z' };
  expect(await life.state.problems.markSilenced('prod', KEY, silence)).toBe(true);
  const { incidentId } = await life.receive();
  await life.investigate(incidentId);
  expect(await life.notified()).toEqual([]);
  expect(await life.problem()).toMatchObject({ silenced: silence });
  await life.state.problems.markSilenced('prod', KEY, undefined);
  expect(await life.notified()).toEqual(['reported']);
  await life.state.problems.markSilenced('prod', KEY, silence);
  await life.recovers();
  expect(await life.notified()).toEqual(['recovered']);
});

test('rows of the former version are read, listed, and live on', async () => {
  await using life = await openLife();
  const { redis, keys, problems } = life.state;
  const { incidentId } = await life.receive();
  await life.investigate(incidentId);
  const ofThis = await redis.keys(`${keys.ours}*`);
  await redis.del(ofThis.filter((key) => /:(?:due-)?(?:problem|incident|fault|group)/.test(key)));
  const times = { since: '1000', changed_at: '2000' };
  await redis.hset(keys.problem('prod', KEY), {
    state: 'firing',
    severity: 'critical',
    incident: incidentId,
    ...times,
  });
  await redis.hset(keys.incident(incidentId), { state: 'resolved', cluster_name: 'prod' });
  await redis.zadd(keys.problems('prod'), 2_000, KEY);
  const over = { state: 'cleared', severity: 'info', cleared_at: '3000', ...times };
  await redis.hset(keys.problem('prod', 'shop/old'), over);
  await redis.zadd(keys.problems('prod'), 3_000, 'shop/old');
  await redis.hset(keys.lastContacts, 'prod', '{}');
  await problems.indexFormer();
  expect((await problems.page({ limit: 10 })).problems).toMatchObject([
    { key: KEY, state: 'firing' },
    { key: 'shop/old', state: 'recovered', recovered_at: 3_000 },
  ]);
  expect(await life.receive()).toMatchObject({ kind: 'deduplicated', incidentId });
  await life.fires();
  await life.recovers();
  expect(await life.notified()).toEqual(['recurred', 'recovered']);
});

test('pages list every problem once, by state and cluster, whatever their number', async () => {
  await using life = await openLife();
  const { redis, keys, problems } = life.state;
  const pipeline = redis.pipeline();
  for (let at = 0; at < 250; at += 1) {
    const [cluster, key] = [at % 2 === 0 ? 'a' : 'b', `shop/${at}`];
    const state = at % 5 === 0 ? 'recovered' : 'firing';
    // Many have changed at the same time.
    pipeline.hset(keys.problem(cluster, key), { state, since: '1', changed_at: String(1_000 + Math.floor(at / 60)) });
    pipeline.zadd(keys.problems(cluster), at, key);
  }
  await pipeline.exec();
  await redis.hset(keys.lastContacts, { a: '{}', b: '{}' });
  await problems.indexFormer();
  const all = async (filter: { state?: 'firing' | 'recovered'; cluster?: string }): Promise<string[]> => {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await problems.page({ ...filter, limit: 7, cursor });
      found.push(...page.problems.map(({ state, key }) => `${state} ${key}`));
      cursor = page.next;
    } while (cursor !== undefined);
    return found;
  };
  const everything = await all({});
  expect(new Set(everything).size).toBe(250);
  expect(everything).toHaveLength(250);
  expect(everything.slice(0, 200).every((one) => one.startsWith('firing'))).toBe(true);
  expect(await all({ state: 'recovered', cluster: 'a' })).toHaveLength(25);
  expect(await problems.count('firing', 'b')).toBe(100);
  await expect(problems.page({ limit: 1, cursor: 'nonsense' })).rejects.toThrow(/cursor "nonsense"/);
});
