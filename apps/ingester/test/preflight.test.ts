import { writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { silentLogger } from '@nightcrier/core/logger';
import { expect, onTestFinished, test } from 'vitest';
import { PermissionPreflight } from '../src/clusters/preflight.ts';
import { clusterConfig, simulate } from './ingester.fixture.ts';

function startPreflight({ clusters }: { clusters: ClusterConfig[] }) {
  const warnings: object[] = [];
  const changed: string[] = [];
  const preflight = new PermissionPreflight({
    logger: { ...silentLogger, warn: (fields) => warnings.push(fields) },
    retryInterval: 50,
  });
  preflight.events.on('change', (cluster) => changed.push(cluster));
  onTestFinished(() => preflight.stop());
  preflight.watch(clusters);
  return { preflight, warnings, changed };
}

test('a cluster whose API server is unreachable is checked again until it answers, with one warning', async () => {
  const cluster = await simulate();
  const config = await clusterConfig(cluster);
  await cluster.stopKubernetes();
  const { preflight, warnings, changed } = startPreflight({ clusters: [config] });
  await preflight.firstCheck('alpha');
  expect(preflight.permissionsOf('alpha')).toBeUndefined();

  await cluster.startKubernetes();
  await expect.poll(() => preflight.permissionsOf('alpha'), { timeout: 30_000 }).toMatchObject({ can_get_pods: true });
  expect(changed).toEqual(['alpha']);
  expect(warnings).toMatchObject([{ cluster: 'alpha', error: expect.stringContaining('ECONNREFUSED') }]);
});

test('a cluster with triage disabled receives no requests', async () => {
  const cluster = await simulate();
  const config = await clusterConfig(cluster, { triage: { enabled: false } });
  const { preflight, warnings } = startPreflight({ clusters: [config] });
  await preflight.firstCheck('alpha');
  expect(cluster.kubernetesRequests).toEqual([]);
  expect(warnings).toEqual([]);
});

test('stop does not wait for an API server that accepts and never answers', async () => {
  const reached = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    reached.resolve();
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    sockets.forEach((socket) => socket.destroy());
    silent.close();
  });
  const address = silent.address();
  const port = typeof address === 'object' && address ? address.port : 0;

  const cluster = await simulate();
  const config = await clusterConfig(cluster);
  const kubeconfig = config.triage.kubeconfig ?? '';
  await writeFile(kubeconfig, cluster.kubeconfig().replace(cluster.kubernetesUrl, `http://127.0.0.1:${port}`));
  const { preflight, warnings } = startPreflight({ clusters: [config] });
  await reached.promise;
  await preflight.stop();
  expect(warnings).toEqual([]);
});

test('permissions are checked again at once when something shows that they have changed', async () => {
  const cluster = await simulate();
  const config = await clusterConfig(cluster);
  const { preflight } = startPreflight({ clusters: [config] });
  await preflight.firstCheck('alpha');
  const first = preflight.permissionsOf('alpha');
  preflight.recheck('alpha');
  await expect.poll(() => preflight.permissionsOf('alpha'), { timeout: 30_000 }).not.toBe(first);
});

test.each([
  { source: 'kubernetes' as const, missing: expect.objectContaining({ jobs: expect.stringContaining('["batch"]') }) },
  { source: 'mcp' as const, missing: undefined },
])(
  'of a cluster with source $source, the kinds that its kubeconfig cannot watch are known',
  async ({ source, missing }) => {
    const cluster = await simulate({ users: { token: 'pods-only' } });
    const config = await clusterConfig(cluster, { source });
    const { preflight } = startPreflight({ clusters: [config] });
    await preflight.firstCheck('alpha');
    const { cannot_watch: cannotWatch, warnings = [] } = preflight.permissionsOf('alpha') ?? {};
    expect(cannotWatch).toEqual(missing);
    expect(Object.keys(cannotWatch ?? {})).not.toContain('pods');
    expect(warnings.some((warning) => warning.includes('cannot list and watch jobs'))).toBe(source === 'kubernetes');
  },
);
