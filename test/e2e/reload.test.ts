import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder, startSystem } from '../fixtures/running-system.ts';

const ADMIN = 'simulated-admin-token';
const patience = { timeout: 60_000 };

test('SIGHUP to nightcrier up with require_read_only turned on applies to the next incident', async () => {
  const folder = await makeFolder();
  const cluster = await startSimulatedCluster({ name: 'alpha', users: { [ADMIN]: 'admin' } });
  onTestFinished(() => cluster.stop());
  const kubeconfig = path.join(folder, 'alpha.kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig(ADMIN));
  const clusters = [{ name: 'alpha', mcp_endpoint: cluster.mcpEndpoint, kubeconfig }];
  const system = await startSystem(folder, { clusters, require_read_only: false });
  onTestFinished(() => system.dispose());
  const states = async (): Promise<string[]> => (await system.incidents()).map(({ state }) => state).toSorted();

  await expect.poll(async () => (await system.health()).summary, patience).toMatchObject({ active: 1 });
  await cluster.run('oom-killed');
  await expect.poll(states, patience).toEqual(['reported']);

  const file = path.join(folder, 'nightcrier.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('require_read_only: false', 'require_read_only: true'));
  system.process.kill('SIGHUP');
  await expect.poll(() => system.log(), patience).toContain('require_read_only');
  await cluster.run('image-pull-back-off');
  await expect.poll(states, patience).toEqual(['failed', 'reported']);
  expect((await system.incidents()).find(({ state }) => state === 'failed')?.reason).toContain('not read-only');
});
