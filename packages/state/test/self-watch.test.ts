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
  llm_budgets: {},
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
