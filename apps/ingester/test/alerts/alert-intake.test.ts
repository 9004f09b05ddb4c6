import { randomUUID } from 'node:crypto';
import { findByKind } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import type { SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { expect, test } from 'vitest';
import { clusterConfig, configOf, simulate, useRedis } from '../ingester.fixture.ts';
import { alertOf, alertState, minutesAgo, patient, startReceiver } from './alerts.fixture.ts';

useRedis();

async function receiver(settings: Record<string, unknown> = {}, changes: object = {}) {
  const cluster = await simulate();
  const config = configOf([await clusterConfig(cluster, changes)], { alerts: { port: 0, ...settings } });
  const started = await startReceiver(config);
  // The first scan keeps this process busy: the API would not be read in time.
  await started.active('alpha');
  await expect.poll(() => started.lines.map(({ message }) => message), patient).toContain('cluster resynced');
  return { cluster, config, ...started, ...alertState(config) };
}

function podOf(cluster: SimulatedCluster, workload: string): string {
  const type = findByKind('v1', 'Pod');
  const pods = type ? cluster.store.list(type, 'shop') : [];
  return pods.map(({ metadata }) => metadata.name).find((name) => name.startsWith(`${workload}-`)) ?? '';
}

test('an alert about a Service is an incident of the workload behind it, and its repetition is not a recurrence', async () => {
  const { post, incidents, problems, counts } = await receiver();
  const alert = alertOf({ service: 'storefront' });
  expect((await post([alert])).status).toBe(200);
  const [incident] = await incidents();
  expect(incident).toMatchObject({
    recurrences: 0,
    cluster_event: {
      problem: 'shop/storefront',
      alert: { labels: { alertname: 'HighErrorRate' }, annotations: { summary: 'More than 5 % of the requests fail' } },
      event: {
        faultType: 'HighErrorRate',
        severity: 'warning',
        resource: { kind: 'Service', name: 'storefront', namespace: 'shop' },
        context: 'More than 5 % of the requests fail\nCurrent=12%',
      },
    },
  });
  expect(await problems()).toMatchObject([
    { key: 'shop/storefront', state: 'firing', symptoms: [{ state: 'firing', family: 'errors' }] },
  ]);

  expect((await post([{ ...alert, startsAt: minutesAgo(1) }])).status).toBe(200);
  expect(await incidents()).toMatchObject([{ recurrences: 0, member_count: 1 }]);
  expect(await counts()).toEqual({ fired: 1, resent: 1 });
});

test('an end clears the problem once no other alert of the symptom fires', async () => {
  const { post, problems, incidents } = await receiver();
  const one = alertOf({ deployment: 'storefront', path: '/a' });
  const other = alertOf({ deployment: 'storefront', path: '/b' });
  await post([one, other]);
  expect(await incidents()).toHaveLength(1);
  await post([{ ...one, endsAt: minutesAgo(0.1) }]);
  expect(await problems()).toMatchObject([{ state: 'firing' }]);
  await post({ version: '4', status: 'resolved', alerts: [{ ...other, status: 'resolved', endsAt: minutesAgo(0.1) }] });
  expect(await problems()).toMatchObject([{ state: 'recovered', symptoms: [{ state: 'cleared' }] }]);
  // The same alert as before, late on its way, opens nothing; one that started since does.
  await post([one]);
  expect(await incidents()).toMatchObject([{ recurrences: 0 }]);
});

test('an alert and what the cluster shows of the same workload are one problem and one incident', async () => {
  const { cluster, post, incidents, problems } = await receiver();
  await cluster.run('crash-loop-back-off');
  await expect.poll(async () => (await incidents()).length, patient).toBe(1);
  const pod = podOf(cluster, 'checkout');
  await post([alertOf({ alertname: 'KubePodCrashLooping', pod, container: 'app' })]);
  await post([alertOf({ alertname: 'HighLatency', service: 'checkout' })]);
  await expect.poll(problems, patient).toMatchObject([
    {
      key: 'shop/checkout',
      state: 'firing',
      symptoms: expect.arrayContaining([expect.objectContaining({ family: 'crash' })]),
    },
  ]);
  expect(await incidents()).toHaveLength(1);
});

test('an alert that is not sent again counts as resolved after its end', async () => {
  const { config, post, problems, alerts, clusters } = await receiver();
  expect(await clusters()).toEqual([]);
  await post([alertOf({ deployment: 'storefront' })]);
  expect(await clusters()).toEqual(['alpha']);
  const later = (minutes: number) => alertState(config, () => Date.now() + minutes * 60_000);
  expect(await later(4).sweep()).toEqual([]);
  expect(await later(6).sweep()).toMatchObject([{ state: 'resolved', problem: 'shop/storefront' }]);
  expect(await problems()).toMatchObject([{ state: 'recovered' }]);
  expect(await alerts()).toHaveLength(1);
  await later(70).sweep();
  expect([await alerts(), await clusters()]).toEqual([[], []]);
});

test('an alert of a webhook, which tells no end, fires until it is resolved or the timeout has passed', async () => {
  const { config, post } = await receiver({ resolve_timeout: '2h' });
  const { endsAt: _, ...alert } = alertOf({ deployment: 'storefront' });
  await post(
    { version: '4', alerts: [{ ...alert, status: 'firing', endsAt: '0001-01-01T00:00:00Z' }] },
    { path: '/webhook' },
  );
  const later = (minutes: number) => alertState(config, () => Date.now() + minutes * 60_000);
  expect(await later(115).sweep()).toEqual([]);
  expect(await later(125).sweep()).toHaveLength(1);
});

test('the same alert at two ingesters at once, one of which watches no cluster, is one incident', async () => {
  const first = await receiver();
  const second = await startReceiver(first.config);
  const alert = alertOf({ service: 'storefront' });
  const answers = await Promise.all([1, 2, 3, 4].flatMap(() => [first.post([alert]), second.post([alert])]));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
  expect(await first.incidents()).toMatchObject([{ recurrences: 0, member_count: 1 }]);
});

test('a severity that was below the threshold is investigated when it rises', async () => {
  const { post, incidents } = await receiver();
  await post([alertOf({ deployment: 'storefront', severity: 'info' })]);
  expect(await incidents()).toEqual([]);
  await post([alertOf({ deployment: 'storefront', severity: 'critical' })]);
  expect(await incidents()).toMatchObject([{ cluster_event: { event: { severity: 'critical' } } }]);
});

test('a pod belongs to the workload of its owners, and by its name while the API is unreachable', async () => {
  const { cluster, post, problems } = await receiver();
  const pod = podOf(cluster, 'storefront');
  await post([alertOf({ pod })]);
  await cluster.stop();
  await post([alertOf({ pod: 'cart-7d4b9c8f6d-x2vbq' })]);
  expect((await problems()).map(({ key }) => key).toSorted()).toEqual(['shop/cart', 'shop/storefront']);
});

test('what can be assigned to nothing is counted and listed; what is no fault is counted', async () => {
  const { post, counts, unassigned, incidents, lines } = await receiver();
  await post([
    alertOf({ cluster: 'north', pod: 'p' }),
    alertOf({ namespace: '', alertname: 'KubeAPIErrorBudgetBurn' }),
    alertOf({ alertname: 'Watchdog', severity: 'none' }),
    alertOf({ pod: 'p', nightcrier: 'true' }),
  ]);
  expect(await counts()).toEqual({ unknown_cluster: 1, no_resource: 1, no_fault: 1, own: 1 });
  expect(await unassigned()).toMatchObject([
    { reason: expect.any(String), labels: { severity: 'warning' } },
    { reason: expect.any(String), labels: { severity: 'warning' } },
  ]);
  expect(await incidents()).toEqual([]);
  expect(lines.filter(({ message }) => message === 'alert not assigned to a workload')).toHaveLength(2);
});

test('a storm of 1,500 alerts is one request, few incidents and bounded in memory', async () => {
  const { post, alerts, incidents } = await receiver();
  const storm = Array.from({ length: 1_500 }, (_, index) =>
    alertOf({ deployment: `app-${index % 3}`, path: `/${index}`, id: randomUUID() }),
  );
  expect((await post(storm)).status).toBe(200);
  expect((await alerts()).length).toBe(1_000);
  expect(await incidents()).toHaveLength(3);
});

test('of a request with 70,000 alerts of no cluster, each is counted and the last are listed', async () => {
  const { post, counts, unassigned } = await receiver();
  const many = Array.from({ length: 70_000 }, (_, index) => ({ labels: { cluster: 'north', n: String(index) } }));
  expect((await post(many)).status).toBe(200);
  expect(await counts()).toEqual({ unknown_cluster: 70_000 });
  expect((await unassigned()).map(({ labels }) => Number(labels['n'])).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 50 }, (_, index) => 69_950 + index),
  );
});
