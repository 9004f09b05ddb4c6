import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { silentLogger } from '@nightcrier/core/logger';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import type { SelfWatchSettings } from '../src/self-watch/self-watch.ts';
import { Clock, openTestState, type TestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const MINUTE = 60_000;
const settings: SelfWatchSettings = {
  clusters: [
    ClusterConfig.parse({
      name: 'prod',
      labels: { team: 'shop' },
      environment: 'production',
      mcp: { endpoint: 'http://127.0.0.1:1/mcp' },
      triage: { enabled: false },
    }),
  ],
  blind_after: 300,
  maintenance_windows: [],
  heartbeat_url_file: '/run/secrets/heartbeat',
};

async function notified(state: TestState): Promise<string[]> {
  const due = await state.problemOutbox.due();
  for (const one of due) await state.problemOutbox.taken(one);
  return due.map(({ notification: { event, problem } }) => `${event} ${problem.cluster} ${problem.component}`);
}

test('what fails in the installation is a problem that is notified, and recovers', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, {}, { now: clock.now });
  let beats = 0;
  const heartbeat = async (): Promise<void> => void (beats += 1);
  const watch = state.openSelfWatch({ settings: () => settings, heartbeat, logger: silentLogger });
  const alive = async (ms: number): Promise<void> => {
    await state.redis.zadd(state.keys.workers, clock.ms + ms, 'w');
    await state.redis.zadd(state.keys.ingesters, clock.ms + ms, 'i');
  };
  await alive(30 * MINUTE);
  expect(await watch.check()).toEqual([]);
  expect(beats).toBe(1);
  clock.ms += 6 * MINUTE;
  expect(await watch.check()).toMatchObject([{ component: 'cluster', cluster: 'prod' }]);
  await watch.check();
  expect(await notified(state)).toEqual(['firing prod cluster']);
  expect(await state.problems.get('prod', 'component:cluster')).toMatchObject({
    state: 'firing',
    component: 'cluster',
    message: expect.stringContaining('Cluster prod has not been watched for 6 min'),
    place: { labels: { team: 'shop' }, environment: 'production' },
  });
  await alive(-1);
  expect((await watch.check()).map(({ component }) => component)).toEqual(['cluster', 'ingester', 'worker']);
  expect((await notified(state)).toSorted()).toEqual(['firing - ingester', 'firing - worker']);
  const other = state.openSelfWatch({ settings: () => ({ ...settings, clusters: [] }), logger: silentLogger });
  await alive(30 * MINUTE);
  // Another process may not write while the first one does.
  await other.check();
  expect(await notified(state)).toEqual([]);
  await watch.check();
  expect((await notified(state)).toSorted()).toEqual(['recovered - ingester', 'recovered - worker']);
  expect(beats).toBe(1);
});

test('another process writes when the one that did is gone', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, {}, { now: clock.now });
  const first = state.openSelfWatch({ settings: () => settings, logger: silentLogger });
  const second = state.openSelfWatch({ settings: () => settings, logger: silentLogger });
  await first.check();
  clock.ms += 10 * MINUTE;
  await second.check();
  expect(await notified(state)).toEqual([]);
  await state.redis.del(state.keys.selfWatch);
  await second.check();
  expect((await notified(state)).toSorted()).toEqual(['firing - ingester', 'firing - worker', 'firing prod cluster']);
});

const only = (cluster: string): SelfWatchSettings => ({
  ...settings,
  clusters: settings.clusters.map((one) => ({ ...one, name: cluster })),
});

/** A watch of an installation in which everything works but what a test breaks. */
async function watched(state: TestState, clock: Clock) {
  await state.redis.zadd(state.keys.workers, clock.ms + 6_000 * MINUTE, 'w');
  await state.redis.zadd(state.keys.ingesters, clock.ms + 6_000 * MINUTE, 'i');
  return state.openSelfWatch({ settings: () => ({ ...settings, clusters: [] }), logger: silentLogger });
}

test('degraded agents are a problem until a probe succeeds', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, {}, { now: clock.now });
  const watch = await watched(state, clock);
  const failed = { kind: 'failed', reason: 'the key was refused', threshold: 1, probeIntervalSeconds: 0 } as const;
  await state.breaker.record('a', failed);
  await watch.check();
  await watch.check();
  expect(await notified(state)).toEqual(['firing - agents']);
  expect(await state.problems.get('-', 'component:agents')).toMatchObject({
    message: expect.stringMatching(/^Agents are degraded: failures in a row: 1;.*the key was refused$/),
  });
  expect(await state.breaker.enter('b', 60, 0)).toEqual({ kind: 'probe' });
  await state.breaker.record('b', { kind: 'succeeded' });
  await watch.check();
  expect(await notified(state)).toEqual(['recovered - agents']);
});

test('a problem that an earlier version wrote without notifying it is notified', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, {}, { now: clock.now });
  const watch = await watched(state, clock);
  const failed = { kind: 'failed', reason: 'r', threshold: 1, probeIntervalSeconds: 60 } as const;
  await state.breaker.record('a', failed);
  await watch.check();
  await notified(state);
  await state.redis.hdel(state.keys.problem('-', 'component:agents'), 'announced');
  await watch.check();
  expect(await notified(state)).toEqual(['firing - agents']);
});

const LIMITS = { incident: { tokens: 10 }, cluster_per_day: { tokens: 100 }, per_day: { tokens: 150 } };
const request = (incident_id: string, cluster: string, tokens: number) => ({
  incident_id,
  cluster,
  cost: { tokens, usd: 0 },
  seconds: 60,
});

test.each([
  ['of an incident', LIMITS, [['prod', 11]], ['prod component:budget:incident'], 61 * MINUTE],
  ['of a cluster', { ...LIMITS, incident: {} }, [['prod', 101]], ['prod component:budget'], 12 * 60 * MINUTE],
  [
    'of all clusters',
    { per_day: LIMITS.per_day },
    [
      ['prod', 100],
      ['stage', 51],
    ],
    ['- component:budget'],
    12 * 60 * MINUTE,
  ],
] as const)(
  'a budget %s that is used up is a problem until it counts no longer',
  async (_, limits, requests, keys, later) => {
    const clock = new Clock();
    await using state = await openTestState(server.url, {}, { now: clock.now });
    const watch = await watched(state, clock);
    const ask = async (): Promise<void> => {
      for (const [cluster, tokens] of requests) await state.budgets.reserve(request('one', cluster, tokens), limits);
    };
    await ask();
    const failing = async () => (await watch.check()).map(({ cluster, key }) => `${cluster} ${key}`);
    expect(await failing()).toEqual(keys);
    expect(await notified(state)).toEqual([expect.stringMatching(/^firing .* budget$/)]);
    clock.ms += later;
    expect(await failing()).toEqual([]);
    expect(await notified(state)).toEqual([expect.stringMatching(/^recovered .* budget$/)]);
    expect(await state.redis.exists(state.keys.exhaustedBudgets)).toBe(0);
  },
);

test('a budget that was raised is no problem from the next request on', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, {}, { now: clock.now });
  const watch = await watched(state, clock);
  await state.budgets.reserve(request('one', 'prod', 200), LIMITS);
  expect(await watch.check()).toHaveLength(1);
  await state.budgets.reserve(request('one', 'prod', 200), {
    incident: { tokens: 1_000 },
    cluster_per_day: { tokens: 1_000 },
  });
  expect(await watch.check()).toEqual([]);
});

test('a silence or maintenance window applies to failures of Nightcrier, and what outlasts it is notified', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, {}, { now: clock.now });
  const open = await state.silences.add(
    { matchers: 'cluster="prod"', duration: 3_600, comment: 'move', investigate: false },
    'ann',
  );
  await state.redis.zadd(state.keys.workers, clock.ms + 6_000 * MINUTE, 'w');
  await state.redis.zadd(state.keys.ingesters, clock.ms + 6_000 * MINUTE, 'i');
  const watch = state.openSelfWatch({ settings: () => only('prod'), logger: silentLogger });
  clock.ms += 10 * MINUTE;
  await watch.check();
  expect(await notified(state)).toEqual([]);
  expect(await state.problems.get('prod', 'component:cluster')).toMatchObject({
    state: 'firing',
    silenced: { by: 'ann', id: open.id },
  });
  clock.ms += 60 * MINUTE;
  await watch.check();
  expect(await notified(state)).toEqual(['firing prod cluster']);
  expect((await state.problems.get('prod', 'component:cluster'))?.silenced).toBeUndefined();
});
