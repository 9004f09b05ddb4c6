import { silentLogger } from '@nightcrier/core/logger';
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { PermissionCache } from '../src/prepare/permission-cache.ts';

const MINUTE = 60_000;

async function openCache(role: 'read-only' | 'pods-only' | 'admin') {
  const cluster = await startSimulatedCluster({ name: 'alpha', users: { token: role }, logger: silentLogger });
  onTestFinished(() => cluster.stop());
  const folder = await mkdtemp(path.join(tmpdir(), 'permission-cache-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kubeconfig = path.join(folder, 'kubeconfig.yaml');
  await writeFile(kubeconfig, cluster.kubeconfig('token'));
  const clock = { now: Date.now() };
  const cache = new PermissionCache(() => clock.now);
  const ask = (namespace = 'shop') => {
    const question = { clusterName: 'alpha', kubeconfig, allowSecretsAccess: false, namespace };
    return cache.ask(question, new AbortController().signal);
  };
  return { clock, cache, ask, asked: () => cluster.kubernetesRequests.length };
}

it('checks a namespace of a cluster once an hour', async () => {
  const { clock, ask, asked } = await openCache('read-only');
  const first = await ask();
  const requests = asked();
  clock.now += 59 * MINUTE;
  expect(await ask()).toBe(first);
  expect(asked()).toBe(requests);
  clock.now += MINUTE;
  expect(await ask()).not.toBe(first);
  expect(asked()).toBe(2 * requests);
});

it('checks each namespace separately', async () => {
  const { ask, asked } = await openCache('read-only');
  await ask('shop');
  const requests = asked();
  await ask('bank');
  expect(asked()).toBeGreaterThan(requests);
});

it('asks about all namespaces once an hour', async () => {
  const { clock, ask, asked } = await openCache('read-only');
  await ask('shop');
  const all = asked();
  await ask('bank');
  const named = asked() - all;
  expect(named).toBeLessThan(all);
  clock.now += 60 * MINUTE;
  await ask('bank');
  expect(asked() - all - named).toBeGreaterThanOrEqual(all);
});

it('checks again after the cluster has refused a request', async () => {
  const { cache, ask, asked } = await openCache('read-only');
  await ask();
  const requests = asked();
  cache.forget('another');
  await ask();
  expect(asked()).toBe(requests);
  cache.forget('alpha');
  await ask();
  expect(asked()).toBe(2 * requests);
});

it.each(['pods-only', 'admin'] as const)('keeps no answer that somebody has to act on: %s', async (role) => {
  const { ask, asked } = await openCache(role);
  await ask();
  const requests = asked();
  await ask();
  expect(asked()).toBeGreaterThan(1.9 * requests);
});
