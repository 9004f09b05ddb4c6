import { expect, test } from 'vitest';
import { clusterConfig, configOf, simulate, startIngester, useRedis } from './ingester.fixture.ts';

useRedis();
const patient = { timeout: 60_000 };

test('a fault becomes a queued incident that carries all that triage needs of the cluster', async () => {
  const cluster = await simulate();
  const configured = await clusterConfig(cluster);
  const { incidents, counts, active, lines } = await startIngester(configOf([configured]));
  await active('alpha');
  const { fault } = await cluster.run('crash-loop-back-off');

  await expect.poll(incidents, patient).toHaveLength(1);
  const [incident] = await incidents();
  expect(incident).toMatchObject({
    state: 'queued',
    fingerprint: fault?.faultId,
    cluster_event: {
      cluster_name: 'alpha',
      environment: 'test',
      labels: { region: 'west' },
      kubeconfig: configured.triage.kubeconfig,
      source: 'subscription',
      permissions: { cluster_name: 'alpha', can_get_pods: true, can_get_logs: true, can_get_events: true },
      event: { faultId: fault?.faultId, faultType: 'CrashLoop', severity: 'critical', resource: fault?.resource },
    },
  });
  expect(await counts()).toMatchObject({ queued: 1, malformed: 0, filtered: 0, skipped: 0 });
  expect(lines).toContainEqual({
    level: 'info',
    message: 'fault queued',
    fields: expect.objectContaining({ cluster: 'alpha', outcome: 'queued', incident: incident?.incident_id }),
  });
});

test('faults of several clusters are in one queue, each with its own kubeconfig; the same fault again is a recurrence', async () => {
  const [alpha, beta] = await Promise.all([simulate(), simulate({ name: 'beta' })]);
  const configured = await Promise.all([clusterConfig(alpha), clusterConfig(beta)]);
  const { incidents, counts, active } = await startIngester(configOf(configured));
  await Promise.all([active('alpha'), active('beta')]);
  await alpha.run('crash-loop-back-off');
  await beta.run('crash-loop-back-off');
  await expect.poll(counts, patient).toMatchObject({ queued: 2 });
  await alpha.run('crash-loop-back-off');
  await expect.poll(counts, patient).toMatchObject({ queued: 2, deduplicated: 1 });
  const found = (await incidents()).map(({ cluster_event: { cluster_name, kubeconfig } }) => [
    cluster_name,
    kubeconfig,
  ]);
  expect(Object.fromEntries(found)).toEqual({
    alpha: configured[0].triage.kubeconfig,
    beta: configured[1].triage.kubeconfig,
  });
});

test('events mode turns Warning Events that their objects confirm into incidents', async () => {
  const cluster = await simulate();
  const { incidents, active } = await startIngester(
    configOf([await clusterConfig(cluster)], { subscribe_mode: 'events' }),
  );
  await active('alpha');
  await cluster.run('crash-loop-back-off');
  const types = async () => (await incidents()).map(({ cluster_event }) => cluster_event.event.faultType);
  await expect.poll(types, patient).toEqual(['CrashLoop']);
});

test('poll mode finds the faults of a server without subscriptions', async () => {
  const cluster = await simulate({ eventsTools: false });
  const { incidents, active, ingester } = await startIngester(configOf([await clusterConfig(cluster)]));
  await active('alpha');
  const { fault } = await cluster.run('oom-killed');
  await expect
    .poll(incidents, patient)
    .toMatchObject([
      { cluster_event: { source: 'poll', event: { faultType: 'OOMKilled', resource: fault?.resource } } },
    ]);
  expect(ingester.health()).toMatchObject([{ mode: 'poll', event_count: 1 }]);
});

test('a fault below the severity threshold is filtered', async () => {
  const cluster = await simulate();
  const config = configOf([await clusterConfig(cluster)], { severity_threshold: 'critical' });
  const { incidents, counts, active } = await startIngester(config);
  await active('alpha');
  await cluster.run('oom-killed');
  await cluster.run('crash-loop-back-off');
  await expect.poll(counts, patient).toMatchObject({ filtered: 1, queued: 1 });
  expect(await incidents()).toMatchObject([{ cluster_event: { event: { severity: 'critical' } } }]);
});

test('a cluster with triage disabled is watched, its faults are counted as skipped, and nothing is queued', async () => {
  const cluster = await simulate();
  const config = configOf([await clusterConfig(cluster, { triage: { enabled: false } })]);
  const { incidents, countsOf, active, lines, ingester } = await startIngester(config);
  await active('alpha');
  await cluster.run('oom-killed');
  await expect.poll(() => countsOf('alpha'), patient).toMatchObject({ skipped: 1, queued: 0 });
  expect(await incidents()).toEqual([]);
  expect(lines.filter(({ fields }) => fields.triage_skipped === true)).toMatchObject([
    { level: 'info', fields: { cluster: 'alpha', outcome: 'skipped' } },
  ]);
  expect(ingester.health()).toMatchObject([{ triage_enabled: false, event_count: 1 }]);
  expect(cluster.kubernetesRequests).toEqual([]);
});

test('malformed notifications are counted each time and logged once for each reason, and what follows is admitted', async () => {
  const cluster = await simulate();
  const { counts, active, lines } = await startIngester(configOf([await clusterConfig(cluster)]));
  await active('alpha');
  for (let i = 0; i < 5; i += 1) cluster.emitFault({ faultId: 'x', faultType: 'CrashLoop', severity: 'dreadful' });
  cluster.emitFault({ severity: 'critical', faultType: 'CrashLoop', resource: 'not an object' });
  cluster.emitFault('not even an object');
  await cluster.run('oom-killed');
  await expect.poll(counts, patient).toMatchObject({ malformed: 7, queued: 1 });
  const logged = lines.filter(({ message }) => message === 'notification malformed');
  expect(logged.map(({ fields }) => fields.reason)).toEqual(['severity', 'resource', 'data']);
  expect(logged.every(({ level, fields }) => level === 'warn' && fields.cluster === 'alpha')).toBe(true);
});

test('an incident evicted by a fault of another cluster is logged under its own cluster', async () => {
  const [alpha, beta] = await Promise.all([simulate(), simulate({ name: 'beta' })]);
  const configured = await Promise.all([clusterConfig(alpha), clusterConfig(beta)]);
  const { incidents, counts, active, lines } = await startIngester(configOf(configured, { global_queue_size: 1 }));
  await Promise.all([active('alpha'), active('beta')]);
  await alpha.run('oom-killed');
  await expect.poll(counts, patient).toMatchObject({ queued: 1 });
  const [evicted] = await incidents();
  await beta.run('oom-killed');
  const shed = () =>
    lines.filter(({ message }) => message === 'incidents shed by full queue').map(({ fields }) => fields);
  await expect
    .poll(shed, patient)
    .toEqual([{ cluster: 'alpha', reason: 'dropped', shed: 1, incidents: [evicted?.incident_id] }]);
});
