import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { execa, type ResultPromise } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { textAt } from '../src/kubernetes/objects/kubernetes-object.ts';
import { freePort } from '../src/free-port.ts';
import { startSimulatedCluster, type SimulatedCluster } from '../src/simulated-cluster.ts';
import { connect } from './mcp-client.fixture.ts';

const binary = fileURLToPath(new URL('../node_modules/.bin/kubernetes-mcp-server', import.meta.url));

let cluster: SimulatedCluster;
let folder: string;
let server: ResultPromise;
let real: Client;
let simulated: Client;
let checkout: string;

/** The real server, on the Kubernetes API of the simulated cluster. */
beforeAll(async () => {
  cluster = await startSimulatedCluster({ name: 'alpha', tls: true, eventsTools: false });
  checkout = (await cluster.run('crash-loop-back-off')).resource.metadata.name;
  await cluster.run('node-not-ready');
  folder = await mkdtemp(join(tmpdir(), 'simulator-mcp-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig(), { mode: 0o600 });
  const port = await freePort();
  const flags = ['--read-only', '--toolsets', 'core', '--disable-multi-cluster', '--list-output', 'yaml'];
  server = execa(
    binary,
    ['--port', String(port), '--bind-address', '127.0.0.1', '--kubeconfig', kubeconfig, ...flags],
    {
      reject: false,
    },
  );
  await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/healthz`), { timeout: 30_000 });
  real = (await connect(`http://127.0.0.1:${port}/mcp`)).client;
  simulated = (await connect(cluster.mcpEndpoint)).client;
});
afterAll(async () => {
  server.kill();
  await Promise.all([server, cluster.stop(), rm(folder, { recursive: true })]);
});

/** What a server answers, with YAML read: how it folds and quotes is its own affair. */
async function answer(client: Client, name: string, args: Record<string, unknown>) {
  const result = await client.callTool({ name, arguments: args });
  const text = textAt(result, 'content.0.text');
  const [title] = /^#.*\n?/.exec(text) ?? [''];
  const body = text.slice(title.length);
  const isYaml = result.isError !== true && name !== 'pods_log';
  return { title, body: isYaml ? parse(body) : body, isError: result.isError, structured: result.structuredContent };
}

test.each([
  ['events_list', {}],
  ['events_list', { namespace: 'shop', fieldSelector: 'type=Warning' }],
  ['events_list', { namespace: 'empty' }],
  ['resources_list', { apiVersion: 'v1', kind: 'Event', fieldSelector: 'type=Warning' }],
  ['resources_list', { apiVersion: 'apps/v1', kind: 'Deployment', labelSelector: 'app in (checkout)' }],
  ['resources_list', { apiVersion: 'v1', kind: 'Node' }],
  ['resources_list', { apiVersion: 'v1', kind: 'Ghost' }],
  ['resources_get', { apiVersion: 'v1', kind: 'Node', name: 'node-3' }],
  ['resources_get', { apiVersion: 'v1', kind: 'Node', name: 'node-9' }],
  ['namespaces_list', {}],
  ['pods_list', {}],
  ['pods_list', { labelSelector: 'app=checkout' }],
  ['pods_list_in_namespace', { namespace: 'shop', fieldSelector: 'status.phase=Running' }],
  ['pods_get', { name: 'ghost', namespace: 'shop' }],
])('the real server answers %s %j as the simulated one does', async (name, args) => {
  const expected = await answer(simulated, name, args);
  expect(await answer(real, name, args)).toEqual(expected);
});

test('the real server reads pods and their logs as the simulated one does', async () => {
  const pod = { name: checkout, namespace: 'shop' };
  const log = await answer(real, 'pods_log', { ...pod, previous: true });
  expect(log.body).toContain('connect: connection refused');
  expect(await answer(simulated, 'pods_log', { ...pod, previous: true })).toEqual(log);
  expect(await answer(simulated, 'pods_log', { ...pod, tail: 2 })).toEqual(
    await answer(real, 'pods_log', { ...pod, tail: 2 }),
  );
  expect(await answer(simulated, 'pods_get', pod)).toEqual(await answer(real, 'pods_get', pod));
});

/** The address differs between the two: the real server has one of its own for each client. */
const refusal = async (client: Client, args: Record<string, unknown>) => {
  const { body, isError } = await answer(client, 'resources_list', args);
  return {
    isError,
    body: String(body)
      .replace(/User "[^"]*"/, 'User "…"')
      .replace(/\?[^"]*"/, '"'),
  };
};

test('the real server says of what its account may not read what the simulated one says', async () => {
  cluster.grant('pods-only');
  cluster.setMcpRole('pods-only');
  for (const [apiVersion, kind] of [
    ['v1', 'Event'],
    ['v1', 'Node'],
    ['apps/v1', 'Deployment'],
  ]) {
    const expected = await refusal(simulated, { apiVersion, kind });
    expect(expected).toMatchObject({ isError: true, body: expect.stringContaining('is forbidden') });
    expect(await refusal(real, { apiVersion, kind })).toEqual(expected);
  }
  cluster.grant('admin');
  cluster.setMcpRole('admin');
});

test('the real server says of a token that is not valid, and of an API server that is away, what the simulated one says', async () => {
  const args = { apiVersion: 'v1', kind: 'Pod' };
  cluster.revoke();
  cluster.revokeMcpToken();
  const refused = await refusal(simulated, args);
  expect(refused.body).toMatch(/Unauthorized/);
  expect(await refusal(real, args)).toEqual(refused);
  cluster.grant('admin');
  cluster.renewMcpToken();
  await cluster.stopKubernetes();
  const gone = await refusal(simulated, args);
  expect(gone.body).toMatch(/connection refused/);
  expect(await refusal(real, args)).toEqual(gone);
  await cluster.startKubernetes();
  expect(await answer(real, 'resources_list', args)).toEqual(await answer(simulated, 'resources_list', args));
});

test('the real server has every tool of the simulated one but those of subscriptions', async () => {
  const names = async (client: Client) => (await client.listTools()).tools.map((tool) => tool.name);
  const readTools = (await names(simulated)).filter((name) => !name.includes('subscri'));
  expect(await names(real)).toEqual(expect.arrayContaining(readTools));
});
