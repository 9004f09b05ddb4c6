import { openState } from '@nightcrier/state/open-state';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { silentLogger } from '@nightcrier/core/logger';
import type { Config } from '@nightcrier/core/settings/config';
import { loadScenario } from '@nightcrier/simulator/scenario';
import { expect, onTestFinished, test } from 'vitest';
import { clusterConfig, configOf, simulate, startIngester, useRedis } from './ingester.fixture.ts';

useRedis();
const patient = { timeout: 60_000 };

function problemsOf({ redis: { url = '', key_prefix } }: Config) {
  const connection = connectWorker({ url, key_prefix }, silentLogger);
  onTestFinished(() => disconnect(connection));
  const { problems } = openState(connection, { key_prefix, logger: silentLogger });
  return () => problems.list('alpha');
}

test('all that one broken workload shows is one incident and one problem', async () => {
  const cluster = await simulate();
  const config = configOf([await clusterConfig(cluster)]);
  const { incidents, active } = await startIngester(config);
  await active('alpha');
  await cluster.run('crash-loop-back-off');
  await expect.poll(problemsOf(config), patient).toMatchObject([
    {
      key: 'shop/checkout',
      state: 'firing',
      severity: 'critical',
      symptoms: expect.arrayContaining([expect.objectContaining({ fault_type: 'CrashLoop' })]),
    },
  ]);
  const [incident, ...others] = await incidents();
  expect(others).toEqual([]);
  expect(incident?.cluster_event.problem).toBe('shop/checkout');
  expect(await problemsOf(config)()).toMatchObject([{ incidents: [incident?.incident_id] }]);
});

test.each([
  ['both', 'faults'],
  ['both', 'poll'],
  ['poll', 'both'],
] as const)(
  'what is firing is reported by no other process and no other source: %s, then %s',
  async (first, second) => {
    const cluster = await simulate();
    const config = configOf([await clusterConfig(cluster)], { subscribe_mode: first, dedup_window_seconds: 0 });
    const before = await startIngester(config);
    await before.active('alpha');
    await cluster.run('crash-loop-back-off');
    const problems = problemsOf(config);
    await expect.poll(problems, patient).toMatchObject([{ state: 'firing', symptoms: [{ state: 'firing' }] }]);
    await before.ingester.stop();

    const { active, counts, incidents, lines } = await startIngester({ ...config, subscribe_mode: second });
    await active('alpha');
    await expect.poll(() => lines.map(({ message }) => message), patient).toContain('cluster resynced');
    const { received } = await counts();
    expect(await incidents()).toHaveLength(1);
    // A new fault shows that all earlier ones were processed.
    await cluster.run('failed-job');
    await expect.poll(async () => (await incidents()).length, patient).toBe(2);
    expect((await counts()).received).toBe(received + 1);
  },
);

test('what the server has no detector for is found by its Warning Events, confirmed by the object', async () => {
  const cluster = await simulate();
  const config = configOf([await clusterConfig(cluster)]);
  const { incidents, active } = await startIngester(config);
  await active('alpha');
  const { fault: _, ...unschedulable } = loadScenario('unschedulable-pod');
  await cluster.run({ ...unschedulable, fault: undefined });
  await expect
    .poll(incidents, patient)
    .toMatchObject([{ cluster_event: { source: 'subscription', event: { faultType: 'Unschedulable' } } }]);
});
