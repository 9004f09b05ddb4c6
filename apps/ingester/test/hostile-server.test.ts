import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { expect, test } from 'vitest';
import { ClusterProcess } from './cluster-process.ts';
import { clusterConfig, configOf, simulate, startIngester, useRedis } from './ingester.fixture.ts';

useRedis();
const patient = { timeout: 60_000 };
const resource = { apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop', uid: 'u-1' };
const good = { faultId: 'good', faultType: 'PodCrash', severity: 'warning', resource };

test('malformed notifications are counted by reason, logged once each, and do no harm', async () => {
  const cluster = await simulate();
  const { counts, malformed, active, lines, incidents } = await startIngester(configOf([await clusterConfig(cluster)]));
  await active('alpha');
  const hostile: Record<string, unknown[]> = {
    data: ['text', 7, [good]],
    severity: [{ ...good, severity: {} }],
    faultType: [
      { ...good, faultType: 'x'.repeat(100_000) },
      { ...good, faultType: 42 },
    ],
    resource: [
      { ...good, resource: null },
      { ...good, resource: { ...resource, name: 'n'.repeat(100_000) } },
    ],
    faultId: [{ ...good, faultId: { $gt: '' } }],
  };
  for (const payload of Object.values(hostile).flat()) for (let i = 0; i < 3; i += 1) cluster.emitFault(payload);
  cluster.emitFault({ ...good, resource: { ...resource, name: 'ca\u001b[31mrt\u0000\u202e-1\n' }, cluster: 'beta' });

  await expect.poll(counts, patient).toMatchObject({ malformed: 27, queued: 1 });
  const byReason = async () => Object.fromEntries((await malformed()).map(({ reason, count }) => [reason, count]));
  await expect
    .poll(byReason, patient)
    .toEqual({ data: 9, severity: 3, faultType: 6, resource: 6, faultId: 3, cluster: 1 });
  expect(await incidents()).toMatchObject([
    { cluster_event: { cluster_name: 'alpha', event: { faultId: 'good', resource: { name: 'ca[31mrt-1' } } } },
  ]);
  const logged = lines.filter(({ message }) => message === 'notification malformed');
  expect(logged).toHaveLength(6);
  expect(new Set(logged.map(({ fields }) => fields.reason))).toEqual(new Set([...Object.keys(hostile), 'cluster']));
  expect(JSON.stringify(logged).length).toBeLessThan(5_000);
});

test('a fault of another cluster gets through while one cluster sends 10,000 at once', async () => {
  const loud = await ClusterProcess.start();
  const quiet = await simulate({ name: 'beta' });
  const configured = ClusterConfig.parse({ name: 'alpha', mcp: { endpoint: loud.endpoint } });
  const { countsOf, counts, active, incidents } = await startIngester(
    configOf([configured, await clusterConfig(quiet)]),
  );
  await Promise.all([active('alpha'), active('beta')]);

  const flooded = loud.order('flood', { count: 10_000 });
  const { fault } = await quiet.run('crash-loop-back-off');
  await expect.poll(incidents, patient).toMatchObject([{ fingerprint: fault?.faultId }]);
  await flooded;
  await expect.poll(() => countsOf('alpha'), patient).toMatchObject({ filtered: 10_000, malformed: 0 });
  expect(await counts()).toMatchObject({ queued: 1 });
});
