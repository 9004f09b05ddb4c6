import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { expect, onTestFinished, test } from 'vitest';
import { WATCHED_KINDS } from '../../src/detection/objects/kinds.ts';
import { type WatchedCluster, watchCluster } from './watched-cluster.fixture.ts';

type Options = Partial<Parameters<typeof startSimulatedCluster>[0]>;

async function startCluster(options: Options = {}): Promise<SimulatedCluster> {
  const cluster = await startSimulatedCluster({ name: 'alpha', ...options });
  onTestFinished(() => cluster.stop());
  return cluster;
}

/** Watches the cluster through its Kubernetes API, and through nothing else unless it is a supplement. */
async function watchApi(
  cluster: SimulatedCluster,
  { supplement = false, kubeconfig: content = cluster.kubeconfig() } = {},
): Promise<WatchedCluster & { kubeconfig: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-watch-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kubeconfig = path.join(folder, 'kubeconfig.yaml');
  await writeFile(kubeconfig, content);
  const watched = watchCluster(cluster.mcpEndpoint, {
    // The simulator's nodes are down for less than their grace period.
    now: () => Date.now() + 60_000,
    cluster: {
      name: 'alpha',
      labels: {},
      ...(supplement
        ? { supplement: 'watch' as const, mcp: { endpoint: cluster.mcpEndpoint } }
        : { source: 'kubernetes' as const }),
      triage: { enabled: true, kubeconfig, allow_secrets_access: false },
    },
  });
  return { ...watched, kubeconfig };
}

const typesOf = ({ received }: WatchedCluster) => received.map(({ fault }) => fault.faultType);
const patient = { timeout: 60_000 };

test('a cluster without an MCP server is watched: what breaks is reported once, with the id that a server would give it', async () => {
  const cluster = await startCluster();
  const watched = await watchApi(cluster);
  await watched.active();
  expect(cluster.sessionCount).toBe(0);
  const crash = await cluster.run('crash-loop-back-off');
  await expect.poll(() => typesOf(watched), patient).toContain('CrashLoop');
  const job = await cluster.run('failed-job');
  await expect.poll(() => typesOf(watched), patient).toContain('JobFailure');
  await cluster.run('certificate-expiring');
  await expect.poll(() => typesOf(watched), patient).toContain('CertificateExpiry');
  const ids = watched.received.map(({ fault }) => fault.faultId);
  expect(ids).toEqual(expect.arrayContaining([crash.fault?.faultId, job.fault?.faultId]));
  expect(new Set(ids).size).toBe(ids.length);
});

test('each kind is listed once and then watched; no poll goes on', async () => {
  const cluster = await startCluster();
  const watched = await watchApi(cluster);
  await watched.active();
  const watching = () => cluster.kubernetesRequests.filter(({ path: url }) => url.includes('watch=true'));
  await expect.poll(() => watching().length, patient).toBe(WATCHED_KINDS.length);
  const before = cluster.kubernetesRequests.length;
  await cluster.run('crash-loop-back-off');
  await expect.poll(() => typesOf(watched), patient).toContain('CrashLoop');
  expect(cluster.kubernetesRequests.length - before).toBeLessThanOrEqual(2);
});

test('is failed while the API server is down, and reports what broke meanwhile and nothing else when it is back', async () => {
  const cluster = await startCluster();
  const watched = await watchApi(cluster);
  await watched.active();
  await cluster.run('crash-loop-back-off');
  await expect.poll(() => typesOf(watched), patient).toContain('CrashLoop');
  const before = watched.received.length;
  await cluster.stopKubernetes();
  await watched.failed(/cannot reach/);
  await cluster.run('node-not-ready');
  await cluster.startKubernetes();
  await watched.active();
  await expect.poll(() => typesOf(watched).slice(before), patient).toEqual(['NodeUnhealthy']);
  expect(watched.connection.health()).toMatchObject({ blind_seconds: expect.any(Number) });
});

test('credentials that are refused are the reason of the failure', async () => {
  const cluster = await startCluster({ users: { right: 'read-only' } });
  const watched = await watchApi(cluster, { kubeconfig: cluster.kubeconfig('wrong') });
  await watched.failed(/rejects the kubeconfig's credentials/);
  await expect.poll(() => watched.connection.health(), patient).toMatchObject({ status: 'failed' });
});

test('a kind that may not be watched is left out with one warning, the others are followed', async () => {
  const cluster = await startCluster({ users: { token: 'pods-only' } });
  const watched = await watchApi(cluster);
  await watched.active();
  await cluster.run('crash-loop-back-off');
  await expect.poll(() => typesOf(watched), patient).toContain('CrashLoop');
  const warnings = watched.lines.filter(({ message }) => message.startsWith('kind cannot be watched'));
  expect(warnings).toHaveLength(WATCHED_KINDS.length - 2);
  expect(new Set(warnings.map(({ fields }) => fields.kind))).toEqual(
    new Set(WATCHED_KINDS.filter((kind) => kind !== 'pods' && kind !== 'certificates')),
  );
});

test('a supplement sees what the MCP server has no detector for, and what both see is reported by the server alone', async () => {
  const cluster = await startCluster();
  const watched = await watchApi(cluster, { supplement: true });
  await watched.active();
  await expect.poll(() => watched.lines.map(({ message }) => message), patient).toContain('cluster resynced');
  await cluster.run('crash-loop-back-off');
  await cluster.run('unschedulable-pod', {});
  await expect.poll(() => typesOf(watched), patient).toContain('Unschedulable');
  expect(typesOf(watched).filter((type) => type === 'CrashLoop')).toHaveLength(1);
});

test('a supplement that fails shows in the health, and the MCP server is scanned in its place until it works', async () => {
  const cluster = await startCluster({ users: { right: 'read-only' } });
  const missed = await cluster.run('image-pull-back-off');
  const watched = await watchApi(cluster, { supplement: true, kubeconfig: cluster.kubeconfig('wrong') });
  await watched.active();
  const health = () => watched.connection.health();
  await expect
    .poll(() => health().degraded, patient)
    .toMatch(/^the supplementary watch .* failed: .*rejects the kubeconfig/);
  expect(health().status).toBe('active');
  await expect.poll(() => watched.received.map(({ source }) => source), patient).toContain('resync');
  expect(typesOf(watched)).toEqual(['ImagePull']);
  await writeFile(watched.kubeconfig, cluster.kubeconfig('right'));
  await expect.poll(() => health().degraded, { timeout: 30_000 }).toBeUndefined();
  await cluster.run('unschedulable-pod', {});
  await expect.poll(() => typesOf(watched), patient).toContain('Unschedulable');
  expect(typesOf(watched).filter((type) => type === 'ImagePull')).toHaveLength(1);
  missed.heal();
});

test('a kind that the kubeconfig may not watch degrades the cluster, with the rule that it needs', async () => {
  const cluster = await startCluster({ users: { token: 'pods-only' } });
  const watched = await watchApi(cluster);
  await watched.active();
  const { degraded, blind_kinds: blind = [] } = watched.connection.health();
  expect(degraded).toContain('the kubeconfig cannot watch');
  expect(degraded).toContain(
    'it needs the rule {apiGroups: [""], resources: ["events"], verbs: ["get", "list", "watch"]}',
  );
  expect(blind.map(({ kind }) => kind).toSorted()).toEqual(
    WATCHED_KINDS.filter((kind) => kind !== 'pods' && kind !== 'certificates').toSorted(),
  );
});
