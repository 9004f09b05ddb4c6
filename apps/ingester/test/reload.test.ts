import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { Config } from '@nightcrier/core/settings/config';
import { liveSettings } from '@nightcrier/core/settings/live-settings';
import { openState } from '@nightcrier/state/open-state';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { silentLogger } from '@nightcrier/core/logger';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clusterConfig, configOf, simulate, startIngester, useRedis } from './ingester.fixture.ts';
import { ALERT_SETTINGS } from './alerts/alert-settings.ts';
import { spawnIngester } from './ingester-process.fixture.ts';

const redis = useRedis();
const patient = { timeout: 60_000 };

/** A running ingester, and how its configuration is changed. */
async function startReloadable(clusters: ClusterConfig[]) {
  const config = configOf(clusters);
  const running = await startIngester(config);
  const reload = (changes: Partial<Config>): void => running.ingester.reloading.apply({ ...config, ...changes });
  return { ...running, reload, config };
}

test('a cluster that is added is watched, one that is removed is not, and the others are not touched', async () => {
  const [alpha, beta, gamma] = await Promise.all(['alpha', 'beta', 'gamma'].map((name) => simulate({ name })));
  if (!alpha || !beta || !gamma) throw new Error('three were started');
  const [a, b, c] = await Promise.all([alpha, beta, gamma].map((cluster) => clusterConfig(cluster)));
  if (!a || !b || !c) throw new Error('three were configured');
  const { ingester, lines, reload, active } = await startReloadable([a, b]);
  await Promise.all([active('alpha'), active('beta')]);
  const before = lines.filter(({ fields }) => fields.cluster === 'alpha').length;

  reload({ clusters: [{ ...a, labels: { ...a.labels } }, c] });
  await active('gamma');
  await expect.poll(() => beta.sessionCount, patient).toBe(0);
  expect(ingester.health().map(({ name }) => name)).toEqual(['alpha', 'gamma']);
  expect(lines.filter(({ fields }) => fields.cluster === 'alpha')).toHaveLength(before);

  await gamma.run('oom-killed');
  await expect.poll(() => ingester.health()[1], patient).toMatchObject({ event_count: 1 });
});

test('a cluster that is changed is watched as it is configured now', async () => {
  const [former, present] = await Promise.all([simulate(), simulate()]);
  const [a, other] = await Promise.all([clusterConfig(former), clusterConfig(present, { labels: { region: 'east' } })]);
  const { ingester, incidents, reload, active } = await startReloadable([a]);
  await active('alpha');
  reload({ clusters: [other] });
  await expect.poll(() => former.sessionCount, patient).toBe(0);
  await active('alpha');
  await present.run('oom-killed');
  await expect
    .poll(incidents, patient)
    .toMatchObject([{ cluster_event: { labels: { region: 'east' }, kubeconfig: other.triage.kubeconfig } }]);
  expect(ingester.health()).toMatchObject([{ labels: { region: 'east' } }]);
});

test('a changed severity threshold takes effect without a reconnect', async () => {
  const cluster = await simulate();
  const { counts, ingester, reload, active } = await startReloadable([await clusterConfig(cluster)]);
  await active('alpha');
  reload({ severity_threshold: 'critical' });
  await cluster.run('oom-killed');
  await expect.poll(counts, patient).toMatchObject({ filtered: 1, queued: 0 });
  expect(ingester.health()).toMatchObject([{ status: 'active', event_count: 1 }]);
});

test('changed queue bounds and grouping apply to the next fault', async () => {
  const cluster = await simulate();
  const { counts, reload, active } = await startReloadable([await clusterConfig(cluster)]);
  await active('alpha');
  const crash = (): Promise<unknown> => cluster.run('crash-loop-back-off', { instance: randomUUID() });
  await crash();
  await expect.poll(counts, patient).toMatchObject({ queued: 1 });
  reload({ global_queue_size: 1, queue_overflow_policy: 'reject', grouping: 'none' });
  await crash();
  await expect.poll(counts, patient).toMatchObject({ queued: 1, rejected: 1 });
  reload({ global_queue_size: 2, grouping: 'none' });
  await crash();
  await expect.poll(counts, patient).toMatchObject({ queued: 2, rejected: 1 });
});

test('a changed limit of a cluster applies to the next fault', async () => {
  const cluster = await simulate();
  const { counts, reload, active } = await startReloadable([await clusterConfig(cluster)]);
  await active('alpha');
  const crash = (): Promise<unknown> => cluster.run('crash-loop-back-off', { instance: randomUUID() });
  await crash();
  await expect.poll(counts, patient).toMatchObject({ queued: 1 });
  reload({ cluster_queue_size: 1, queue_overflow_policy: 'reject', grouping: 'none' });
  await crash();
  await expect.poll(counts, patient).toMatchObject({ queued: 1, rejected: 1 });
});

test('a changed deduplication window applies to the next incident', async () => {
  const cluster = await simulate();
  const { counts, incidents, reload, active, config } = await startReloadable([await clusterConfig(cluster)]);
  await active('alpha');
  // By workload, the problem decides and not the window.
  reload({ grouping: 'none' });
  const { key_prefix } = config.redis;
  const connection = connectWorker({ url: redis.url, key_prefix }, silentLogger);
  onTestFinished(() => disconnect(connection));
  const store = openState(connection, { key_prefix, logger: silentLogger }).incidents;
  /** A fault whose incident ends, and that then comes again. */
  const crashTwice = async (queued: number): Promise<void> => {
    const { fault } = await cluster.run('crash-loop-back-off', { instance: randomUUID() });
    await expect.poll(counts, patient).toMatchObject({ queued });
    for (const { incident_id: id } of await incidents()) await store.finish(id, { state: 'failed' });
    cluster.emitFault(fault);
  };
  await crashTwice(1);
  await expect.poll(counts, patient).toMatchObject({ queued: 1, deduplicated: 1 });
  reload({ grouping: 'none', dedup_window_seconds: 0 });
  await crashTwice(2);
  await expect.poll(counts, patient).toMatchObject({ queued: 3, deduplicated: 1 });
});

describe('connection settings', () => {
  const changes: [keyof Config, unknown][] = [
    ['poll_interval', 2],
    ['resync_interval', 60],
    ['sse_read_timeout', 20],
    ['sse_reconnect_initial_backoff', 0.2],
    ['sse_reconnect_max_backoff', 30],
    ['sse_reconnect_multiplier', 3],
    ['sse_reconnect_jitter', 0.2],
    ['recovery_after', 60],
    ['crash_recovery_after', 300],
    ['recovery_interval', 30],
    ['subscribe_mode', 'events'],
  ];

  test('every live setting of the ingester has a test', () => {
    const queue = [
      'global_queue_size',
      'cluster_queue_size',
      'queue_overflow_policy',
      'dedup_window_seconds',
      'grouping',
    ];
    // See alerts/alert-reload.test.ts.
    const alerts = ALERT_SETTINGS.map((name) => `alerts.${name}`);
    // Those of problems in packages/state/test/problem-life.test.ts and storms.test.ts, of silences in silences.test.ts.
    const problems = ['reopen_window', 'reinvestigate_after', 'storm_threshold', 'blind_after', 'maintenance_windows'];
    const elsewhere = [...problems, 'clusters', 'severity_threshold', 'log_level', ...queue, ...alerts];
    expect([...changes.map(([key]) => key), ...elsewhere].toSorted()).toEqual(liveSettings('ingester').toSorted());
  });

  test.each(changes)('a change of %s renews the connection, which delivers faults', async (key, value) => {
    const cluster = await simulate();
    const { counts, reload, lines, active } = await startReloadable([await clusterConfig(cluster)]);
    await active('alpha');
    const connections = (): number => lines.filter(({ fields }) => fields.status === 'connecting').length;
    expect(connections()).toBe(1);
    reload({ severity_threshold: 'info' });
    expect(connections()).toBe(1);
    reload({ [key]: value });
    await expect.poll(connections, patient).toBe(2);
    await active('alpha');
    await cluster.run('oom-killed');
    await expect.poll(async () => (await counts()).queued, patient).toBe(1);
  });
});

test('the process reloads its file when it changes, and shows a refused one in the health', async () => {
  const [alpha, beta] = await Promise.all([simulate(), simulate({ name: 'beta' })]);
  const key_prefix = `test-${randomUUID()}`;
  const settings = (...clusters: object[]) => ({
    redis: { url: redis.url, key_prefix },
    shutdown_timeout: 10,
    clusters,
  });
  const entry = (name: string, endpoint: string) => ({ name, mcp: { endpoint } });
  const { child, file } = await spawnIngester(settings(entry('alpha', alpha.mcpEndpoint)));
  const replace = async (content: object): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify(content));
    await rename(`${file}.new`, file);
  };
  await alpha.waitForSubscriber(AbortSignal.timeout(120_000));

  const connection = connectWorker({ url: redis.url, key_prefix }, silentLogger);
  onTestFinished(() => disconnect(connection));
  const { ingesters } = openState(connection, { key_prefix, logger: silentLogger });
  await replace(settings(entry('alpha', alpha.mcpEndpoint), entry('beta', 'nowhere')));
  await expect
    .poll(() => ingesters.refused(), patient)
    .toMatchObject([
      {
        process: expect.stringContaining(`-${child.pid}-`),
        problems: [expect.stringContaining('cluster beta: mcp.endpoint: must be an http:// or https:// URL')],
      },
    ]);
  expect(alpha.subscriberCount).toBe(1);

  await replace(settings(entry('alpha', alpha.mcpEndpoint), entry('beta', beta.mcpEndpoint)));
  await beta.waitForSubscriber(AbortSignal.timeout(120_000));
  await expect.poll(() => ingesters.refused(), patient).toEqual([]);
  expect(alpha.sessionCount).toBe(1);

  await writeFile(file, JSON.stringify(settings(entry('beta', beta.mcpEndpoint))));
  child.kill('SIGHUP');
  await expect.poll(() => alpha.sessionCount, patient).toBe(0);
  expect(beta.sessionCount).toBe(1);
});
