import { freePort } from '@nightcrier/simulator/free-port';
import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WATCHED_KINDS } from '../../src/detection/objects/kinds.ts';
import { type WatchedCluster, watchCluster } from './watched-cluster.fixture.ts';

const faultsOf = ({ received }: WatchedCluster) =>
  received.flatMap((one) => (one.source === 'subscription' ? [] : [one.fault]));

async function startCluster(
  options: Partial<Parameters<typeof startSimulatedCluster>[0]> = {},
): Promise<SimulatedCluster> {
  const cluster = await startSimulatedCluster({ name: 'alpha', ...options });
  onTestFinished(() => cluster.stop());
  return cluster;
}

/** The real kubernetes-mcp-server before a simulated Kubernetes API; returns its endpoint. */
async function startRealServer(cluster: SimulatedCluster, listOutput = 'yaml'): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-poll-'));
  const kubeconfig = path.join(folder, 'kubeconfig.yaml');
  await writeFile(kubeconfig, cluster.kubeconfig());
  const port = await freePort();
  const flags = ['--port', `${port}`, '--bind-address', '127.0.0.1', '--kubeconfig', kubeconfig, '--read-only'];
  const more = ['--toolsets', 'core', '--disable-multi-cluster', '--list-output', listOutput];
  // A group of its own: the npm package starts the binary as a child, which must not outlive it.
  const options = { preferLocal: true, localDir: import.meta.dirname, detached: true, reject: false } as const;
  const server = execa('kubernetes-mcp-server', [...flags, ...more], options);
  onTestFinished(async () => {
    if (server.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
    await server;
    await rm(folder, { recursive: true });
  });
  await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/healthz`), { timeout: 30_000 });
  return `http://127.0.0.1:${port}/mcp`;
}

const servers: [string, (cluster: SimulatedCluster) => Promise<string>][] = [
  ['the simulated stock server', async (cluster) => cluster.mcpEndpoint],
  ['the real kubernetes-mcp-server', (cluster) => startRealServer(cluster)],
];

describe.each(servers)('polling %s', (_, serve) => {
  test('reports a firing symptom once, with the id of a subscription, and again when it recurs', async () => {
    const cluster = await startCluster({ eventsTools: false });
    const clock = { ahead: 60_000 };
    const watched = watchCluster(await serve(cluster), { mode: 'poll', now: () => Date.now() + clock.ahead });
    await watched.active();
    expect(watched.connection.health()).toMatchObject({ mode: 'poll' });
    expect(faultsOf(watched)).toEqual([]);

    const crash = await cluster.run('crash-loop-back-off');
    await expect.poll(() => faultsOf(watched), { timeout: 30_000 }).not.toEqual([]);
    // Polls go on while the second fault is awaited; none of them reports the first again.
    const node = await cluster.run('node-not-ready');
    await expect.poll(() => faultsOf(watched), { timeout: 30_000 }).toHaveLength(2);
    expect(faultsOf(watched)).toMatchObject([
      { faultId: crash.fault?.faultId, faultType: 'CrashLoop', container: 'app' },
      { faultId: node.fault?.faultId, faultType: 'NodeUnhealthy' },
    ]);

    node.heal();
    const job = await cluster.run('failed-job');
    await expect
      .poll(() => faultsOf(watched).map(({ faultId }) => faultId), { timeout: 30_000 })
      .toContain(job.fault?.faultId);
    clock.ahead += 300_000;
    const recovered = () => watched.lines.filter(({ message }) => message === 'symptom recovered');
    await expect.poll(recovered, { timeout: 30_000 }).toMatchObject([{ fields: { fault_type: 'NodeUnhealthy' } }]);
    const again = await cluster.run('node-not-ready');
    const nodeFaults = () => faultsOf(watched).filter(({ faultId }) => faultId === again.fault?.faultId);
    await expect.poll(nodeFaults, { timeout: 30_000 }).toHaveLength(2);
  });

  test('finds faults that fired before it started', async () => {
    const cluster = await startCluster({ eventsTools: false });
    await cluster.run('image-pull-back-off');
    const stuck = await cluster.run('deployment-stuck');
    const watched = watchCluster(await serve(cluster), { mode: 'poll' });
    await watched.active();
    expect(faultsOf(watched)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ faultType: 'ImagePull', container: 'app' }),
        expect.objectContaining({ faultType: 'DeploymentFailure', faultId: stuck.fault?.faultId }),
      ]),
    );
  });

  test.each(['faults', 'events'] as const)('is chosen automatically in %s mode, and logged', async (mode) => {
    const cluster = await startCluster({ eventsTools: false });
    const watched = watchCluster(await serve(cluster), { mode });
    await watched.active();
    expect(watched.connection.health()).toMatchObject({ mode: 'poll' });
    expect(watched.lines.map(({ message }) => message)).toContain('subscriptions not supported; polling');
    expect(watched.connection.health()).not.toHaveProperty('error');
  });
});

describe('polling the real kubernetes-mcp-server', () => {
  test('a kind that cannot be listed is skipped with one warning, the others are polled', async () => {
    const cluster = await startCluster({ users: { token: 'pods-only' } });
    const crash = await cluster.run('crash-loop-back-off');
    const watched = watchCluster(await startRealServer(cluster), { mode: 'poll' });
    await watched.active();
    const seen = cluster.kubernetesRequests.length;
    await expect.poll(() => cluster.kubernetesRequests.length, { timeout: 30_000 }).toBeGreaterThan(seen + 30);
    expect(faultsOf(watched)).toMatchObject([{ faultId: crash.fault?.faultId }]);
    const warnings = watched.lines.filter(({ message }) => message.startsWith('polling cannot list a kind'));
    expect(new Set(warnings.map(({ fields }) => fields.kind))).toEqual(
      new Set(WATCHED_KINDS.filter((kind) => kind !== 'pods' && kind !== 'certificates')),
    );
    expect(warnings).toHaveLength(WATCHED_KINDS.length - 2);
    expect(warnings[0]?.fields).toMatchObject({ cluster: 'alpha', problem: expect.stringContaining('forbidden') });
  });

  test('a server that prints tables fails with the option to change', async () => {
    const cluster = await startCluster();
    const watched = watchCluster(await startRealServer(cluster, 'table'), { mode: 'poll' });
    await watched.failed();
    expect(watched.connection.health().error).toContain('--list-output yaml');
  });

  test('is failed while the API server is unreachable, active when it returns, and reports nothing twice', async () => {
    const cluster = await startCluster();
    await cluster.run('crash-loop-back-off');
    const watched = watchCluster(await startRealServer(cluster), { mode: 'poll' });
    await watched.active();
    await cluster.stopKubernetes();
    await watched.failed(/nothing could be listed: .*connection refused/);
    await cluster.startKubernetes();
    await watched.active();
    expect(faultsOf(watched)).toHaveLength(1);
  });
});
