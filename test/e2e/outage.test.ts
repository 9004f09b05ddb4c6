import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningSystem, makeFolder, startSystem } from '../fixtures/running-system.ts';

const patience = { timeout: 60_000 };
const CLUSTERS = ['westeu-cluster1', 'eastus-cluster1'];
let clusters: SimulatedCluster[] = [];
let system: RunningSystem;

beforeAll(async () => {
  const folder = await makeFolder();
  clusters = await Promise.all(CLUSTERS.map((name) => startSimulatedCluster({ name })));
  const configured = clusters.map(async (cluster) => {
    const kubeconfig = path.join(folder, `${cluster.name}.kubeconfig`);
    await writeFile(kubeconfig, cluster.kubeconfig());
    return { name: cluster.name, mcp_endpoint: cluster.mcpEndpoint, kubeconfig, labels: { region: cluster.name } };
  });
  system = await startSystem(folder, { clusters: await Promise.all(configured), sse_reconnect_max_backoff: 2 });
});
afterAll(async () => {
  await system?.dispose();
  await Promise.all(clusters.map((cluster) => cluster.stop()));
});

const healthOf = async (name: string) => (await system.health()).clusters.find((cluster) => cluster.name === name);

describe('nightcrier up', () => {
  test('shows both clusters active, with their events, permissions and labels, and the right summary', async () => {
    await expect
      .poll(async () => (await system.health()).summary, patience)
      .toEqual({
        total: 2,
        active: 2,
        unhealthy: 0,
        degraded: 0,
        triage_enabled: 2,
      });
    await Promise.all(clusters.map((cluster) => cluster.run('oom-killed')));
    for (const name of CLUSTERS) {
      await expect.poll(async () => (await healthOf(name))?.event_count, patience).toBe(1);
      expect(await healthOf(name)).toMatchObject({
        status: 'active',
        mode: 'subscribe',
        triage_enabled: true,
        labels: { region: name },
        permissions: { cluster_name: name, can_get_pods: true, can_get_logs: true, can_get_events: true },
        last_event: expect.stringMatching(/^\d{4}-/),
      });
    }
    await expect
      .poll(async () => (await system.incidents()).map(({ state }) => state), patience)
      .toEqual(['reported', 'reported']);
  });

  test('shows a stopped cluster as failed, with the error and the time to the next retry, and the other unchanged', async () => {
    const [stopped, other] = clusters;
    await stopped!.stopMcp();
    await expect
      .poll(() => healthOf(stopped!.name), patience)
      .toMatchObject({
        status: 'failed',
        error: expect.stringMatching(/.+/),
        retry_in: expect.stringMatching(/^\d+(\.\d+)?s$/),
      });
    expect(await healthOf(other!.name)).toMatchObject({ status: 'active' });
    const { fault } = await other!.run('missing-config-map');
    await expect
      .poll(async () => (await system.incidents()).map(({ fingerprint }) => fingerprint), patience)
      .toContain(fault!.faultId);
  });

  test('returns to active by itself when the cluster does, and receives its faults', async () => {
    const [returned] = clusters;
    await returned!.startMcp();
    await expect.poll(async () => (await healthOf(returned!.name))?.status, patience).toBe('active');
    const { fault } = await returned!.run('unschedulable-pod');
    await expect
      .poll(
        async () => (await system.incidents()).find(({ fingerprint }) => fingerprint === fault!.faultId)?.state,
        patience,
      )
      .toBe('reported');
  });

  test('exits 0 on SIGTERM, and all its processes with it', async () => {
    const pids = [...system.log().matchAll(/"pid":(\d+)/g)].map(([, pid]) => Number(pid));
    expect(pids).toHaveLength(2); // Redis, and all parts
    system.process.kill('SIGTERM');
    expect(await system.process).toMatchObject({ exitCode: 0 });
    const living = pids.filter((pid) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    });
    expect(living).toEqual([]);
    const stopped = [...system.log().matchAll(/"process":"([a-z-]+)","msg":"part stopped"/g)].map(([, name]) => name);
    expect(stopped).toEqual(['ingester', 'triage-worker', 'api']); // intake first, health last
    expect(system.log()).not.toContain('part not stopped cleanly');
  });
});
