import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { type ResultPromise, execa } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { createRequire } from 'node:module';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningSystem, makeFolder, startSystem } from '../fixtures/running-system.ts';

const SERVER = createRequire(import.meta.url).resolve('kubernetes-mcp-server/bin/index.js');

let cluster: SimulatedCluster;
let server: ResultPromise;
let system: RunningSystem;

beforeAll(async () => {
  cluster = await startSimulatedCluster({ name: 'stock' });
  const folder = await makeFolder();
  const kubeconfig = path.join(folder, 'stock.kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig());
  const port = await freePort();
  const flags = ['--read-only', '--disable-multi-cluster', '--toolsets', 'core', '--list-output', 'yaml'];
  server = execa(
    process.execPath,
    [SERVER, '--port', `${port}`, '--bind-address', '127.0.0.1', '--kubeconfig', kubeconfig, ...flags],
    { reject: false },
  );
  system = await startSystem(folder, {
    poll_interval: 1,
    clusters: [{ name: 'stock', mcp_endpoint: `http://127.0.0.1:${port}/mcp`, kubeconfig }],
  });
});
afterAll(async () => {
  await system?.dispose();
  server?.kill();
  await server;
  await cluster?.stop();
});

test('a fault seen through the real kubernetes-mcp-server becomes an incident with a report', async () => {
  await expect
    .poll(async () => (await system.health()).clusters, { timeout: 60_000 })
    .toMatchObject([{ name: 'stock', status: 'active', mode: 'poll' }]);
  const { resource } = await cluster.run('crash-loop-back-off');
  await expect
    .poll(
      async () => (await system.incidents()).map(({ state, cluster_event: { event } }) => [event.resource.name, state]),
      { timeout: 120_000 },
    )
    .toContainEqual([resource.metadata.name, 'reported']);
  const incident = (await system.incidents()).find(
    ({ cluster_event: { event } }) => event.resource.name === resource.metadata.name,
  )!;
  expect(incident.cluster_event.source).toBe('poll');
  const report = await system.report(incident.incident_id);
  expect(report).toContain(resource.metadata.name);
  expect(report).toMatch(/## Root Cause/);
}, 240_000);
