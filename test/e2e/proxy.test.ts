import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startConnectProxy } from '../fixtures/connect-proxy.ts';
import { makeFolder, startSystem } from '../fixtures/running-system.ts';

const patience = { timeout: 60_000 };

test('MCP servers, Kubernetes APIs and receivers are reached through the proxies that the environment names', async () => {
  const folder = await makeFolder();
  const proxy = await startConnectProxy();
  onTestFinished(() => proxy.close());
  // Only the proxy resolves these names.
  const cluster = await startSimulatedCluster({ name: 'alpha', advertiseHost: 'cluster.test', tls: true });
  onTestFinished(() => cluster.stop());
  const kubeconfig = path.join(folder, 'alpha.kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig());
  const delivered: string[] = [];
  const receiver = createServer((request, response) => {
    const receive = async (): Promise<void> => {
      delivered.push(String(Reflect.get(Object(await json(request)), 'event')));
      response.end('{}');
    };
    void receive();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void receiver.close());
  await once(receiver, 'listening');
  const address = receiver.address();
  const hook = `hooks.test:${typeof address === 'object' && address ? address.port : 0}`;

  const clusters = [{ name: 'alpha', mcp_endpoint: cluster.mcpEndpoint, kubeconfig }];
  const environment = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: 'other.test' };
  const system = await startSystem(folder, { clusters, webhook_url: `http://${hook}/` }, environment);
  onTestFinished(() => system.dispose());
  await expect.poll(async () => (await system.health()).summary, patience).toMatchObject({ active: 1 });
  await cluster.run('oom-killed');
  await expect.poll(async () => (await system.incidents()).map(({ state }) => state), patience).toEqual(['reported']);
  await expect.poll(() => delivered, patience).toEqual(['reported']);

  expect([...proxy.tunnels]).toEqual([new URL(cluster.kubernetesUrl).host]);
  expect([...proxy.forwarded].toSorted()).toEqual([new URL(cluster.mcpEndpoint).host, hook].toSorted());
  expect(proxy.refused).toBe(0);
  expect(system.log()).not.toContain('proxy-password-1234');
  // One message for the beginning and its report, however soon that comes.
  expect(delivered).toEqual(['reported']);
});
