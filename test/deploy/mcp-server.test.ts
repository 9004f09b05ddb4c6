import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { execa } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const { resolve } = createRequire(import.meta.url);
const SERVER = resolve('kubernetes-mcp-server/bin/index.js');
const manifest = (name: string) => readFile(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');

const Labels = z.record(z.string(), z.string());
const Deployment = z.object({
  spec: z.object({
    replicas: z.literal(1),
    selector: z.object({ matchLabels: Labels }),
    template: z.object({
      metadata: z.object({ labels: Labels }),
      spec: z.object({
        serviceAccountName: z.string(),
        containers: z.tuple([z.object({ image: z.string(), args: z.array(z.string()) })]),
      }),
    }),
  }),
});
const Policy = z.object({
  spec: z.object({
    podSelector: z.object({ matchLabels: Labels }),
    policyTypes: z.array(z.string()),
    ingress: z.tuple([
      z.object({
        from: z.array(z.object({ podSelector: z.object({ matchLabels: Labels }) })),
        ports: z.array(z.object({ port: z.number() })),
      }),
    ]),
  }),
});

async function objects(name = 'mcp-server.yaml') {
  const documents = parseAllDocuments(await manifest(name)).map((document): unknown => document.toJS());
  return z.array(z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) })).parse(documents);
}

async function deployment() {
  const all = await objects();
  return Deployment.parse(all.find(({ kind }) => kind === 'Deployment')).spec;
}

test('the server runs with flags that the real binary has, and those that make it safe are among them', async () => {
  const { template } = await deployment();
  const [{ args }] = template.spec.containers;
  const { stdout: help } = await execa(process.execPath, [SERVER, '--help']);
  for (const arg of args) expect(help).toContain(`${arg.split('=')[0]} `);
  expect(args).toEqual(
    expect.arrayContaining(['--read-only', '--disable-destructive', '--port=8080', '--list-output=yaml']),
  );
});

test('the image is of the version that the tests run', async () => {
  const [{ image }] = (await deployment()).template.spec.containers;
  const { stdout: version } = await execa(process.execPath, [SERVER, '--version']);
  expect(image).toBe(`quay.io/containers/kubernetes_mcp_server:v${version.trim().replace(/^v/, '')}`);
});

test('only the pods of Nightcrier reach it, on its one port, and the policy selects its pods', async () => {
  const { selector, template } = await deployment();
  const all = await objects();
  const { spec } = Policy.parse(all.find(({ kind }) => kind === 'NetworkPolicy'));
  expect(spec.podSelector.matchLabels).toEqual(selector.matchLabels);
  expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
  expect(spec.ingress[0].from).toEqual([
    { podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'nightcrier' } } },
  ]);
  expect(spec.ingress[0].ports.map(({ port }) => port)).toEqual([8080]);
});

test('its account is bound to no role', async () => {
  const { serviceAccountName } = (await deployment()).template.spec;
  const bindings = [...(await objects()), ...(await objects('rbac.yaml'))].filter(({ kind }) =>
    kind.endsWith('Binding'),
  );
  expect(bindings.length).toBeGreaterThan(0);
  expect(JSON.stringify(bindings)).not.toContain(`"${serviceAccountName}"`);
});

test('the real server with these flags gives its caller what the token of the caller may read, and without one nothing', async () => {
  const cluster = await startSimulatedCluster({
    name: 'alpha',
    tls: true,
    users: { own: 'nothing', caller: 'read-only' },
  });
  onTestFinished(() => cluster.stop());
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-mcp-server-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kubeconfig = path.join(folder, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig('own'));
  const port = await freePort();
  const [{ args }] = (await deployment()).template.spec.containers;
  // The account of the pod comes from a kubeconfig here, and the port is a free one.
  const flags = args.filter((arg) => !/^--(port|cluster-provider)=/.test(arg));
  const own = ['--kubeconfig', kubeconfig, '--port', `${port}`, '--bind-address', '127.0.0.1'];
  const server = execa(process.execPath, [SERVER, ...flags, ...own], { reject: false });
  onTestFinished(async () => {
    server.kill();
    await server;
  });
  await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/healthz`), { timeout: 60_000 });
  const listed = async (headers: Record<string, string>) => {
    const client = new Client({ name: 'test', version: '1' });
    const url = new URL(`http://127.0.0.1:${port}/mcp`);
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    onTestFinished(() => client.close());
    const { tools } = await client.listTools();
    const answer = await client.callTool({ name: 'resources_list', arguments: { apiVersion: 'v1', kind: 'Pod' } });
    return { tools: tools.map(({ name }) => name), text: JSON.stringify(answer.content) };
  };
  const { tools, text } = await listed({ authorization: 'Bearer caller' });
  expect(text).toContain('kind: Pod');
  expect(tools).toContain('resources_get');
  expect(tools.filter((name) => /create|update|delete|exec|run|scale/.test(name))).toEqual([]);
  expect((await listed({})).text).toContain('is forbidden');
});
