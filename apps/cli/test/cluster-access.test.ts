import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { execa } from 'execa';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { createKubeconfig } from '../src/cluster-access/create-kubeconfig.ts';
import { manifestsFor } from '../src/cluster-access/manifests.ts';

let cluster: SimulatedCluster;
let folder: string;
let admin: string;
let target: string;

beforeAll(async () => {
  cluster = await startSimulatedCluster({
    name: 'prod-eu: 1',
    tls: true,
    users: { root: 'admin', viewer: 'read-only' },
    serviceAccounts: { 'nightcrier/nightcrier': 'read-only' },
  });
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-kubeconfig-'));
  admin = path.join(folder, 'admin');
  await writeFile(admin, cluster.kubeconfig('root'), { mode: 0o600 });
});
afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  target = path.join(await mkdtemp(path.join(folder, 'target-')), 'kubeconfig');
});

/** Runs the command, and returns its exit code with what it printed. */
async function create(options: { cluster?: string; context?: string; duration?: string } = {}, kubeconfig = admin) {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  try {
    const { cluster: name, context, duration = '720h' } = options;
    const exitCode = await createKubeconfig(
      { file: target, cluster: name, context, duration },
      { KUBECONFIG: kubeconfig },
    );
    return { exitCode, stderr: printed.mock.calls.flat().join('\n') };
  } finally {
    printed.mockRestore();
  }
}
const kubectl = (...args: string[]) => execa('kubectl', ['--kubeconfig', target, ...args], { reject: false });

describe('kubeconfig create', () => {
  test('the kubeconfig that it writes works with the rights of the account, and its context is named after the cluster', async () => {
    const { exitCode, stderr } = await create();
    expect(exitCode).toBe(0);
    expect(await readFile(target, 'utf8')).toContain('token: issued-');
    expect(stderr).toContain('system:serviceaccount:nightcrier:read-only in prod-eu: 1');
    expect(stderr).not.toContain('issued-');
    expect((await stat(target)).mode & 0o777).toBe(0o600);
    expect(await readdir(path.dirname(target))).toEqual(['kubeconfig']);
    expect((await kubectl('config', 'current-context')).stdout).toBe('prod-eu: 1');
    expect((await kubectl('get', 'pods', '--all-namespaces')).exitCode).toBe(0);
    expect((await kubectl('get', 'secrets', '--all-namespaces')).stderr).toContain('is forbidden');
  });

  test('context and cluster can be named, an older file is replaced, and the first of several kubeconfigs with the context is used', async () => {
    const other = path.join(folder, 'other');
    await writeFile(other, stringify({ apiVersion: 'v1', kind: 'Config', contexts: [], clusters: [], users: [] }));
    await writeFile(target, 'older', { mode: 0o644 });
    const named = { context: 'prod-eu: 1', cluster: 'west' };
    expect((await create(named, [other, admin].join(path.delimiter))).exitCode).toBe(0);
    expect(parse(await readFile(target, 'utf8'))).toMatchObject({
      'current-context': 'west',
      clusters: [{ name: 'west' }],
    });
    expect((await stat(target)).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['a context that does not verify the server', { 'insecure-skip-tls-verify': true }, /insecure-skip-tls-verify/],
    ['a server without TLS', { server: 'http://10.0.0.1:8080' }, /unencrypted; use https/],
  ])('%s is refused, and nothing is written', async (_, change, reason) => {
    const document = parse(cluster.kubeconfig('root'));
    const { 'certificate-authority-data': ca, ...entry } = document.clusters[0].cluster;
    document.clusters[0].cluster = {
      ...entry,
      ...('server' in change && { 'certificate-authority-data': ca }),
      ...change,
    };
    const insecure = path.join(path.dirname(target), 'insecure');
    await writeFile(insecure, stringify(document));
    await writeFile(target, 'older');
    await expect(create({}, insecure)).rejects.toThrow(reason);
    expect(await readFile(target, 'utf8')).toBe('older');
  });

  test('without the right to create a token nothing is written', async () => {
    const viewer = path.join(folder, 'viewer');
    await writeFile(viewer, cluster.kubeconfig('viewer'), { mode: 0o600 });
    await expect(create({}, viewer)).rejects.toThrow(/no token of the service account .* is forbidden/);
    expect(await readdir(path.dirname(target))).toEqual([]);
  });

  test('without the account, the error says how it is created; an account that can write is a warning', async () => {
    const [bare, open] = await Promise.all([
      startSimulatedCluster({ name: 'bare', tls: true, users: { root: 'admin' } }),
      startSimulatedCluster({
        name: 'open',
        tls: true,
        users: { root: 'admin' },
        serviceAccounts: { 'nightcrier/nightcrier': 'admin' },
      }),
    ]);
    try {
      const operator = path.join(folder, 'two');
      await writeFile(operator, bare.kubeconfig('root'));
      await expect(create({}, operator)).rejects.toThrow(
        /create the account first: nightcrier rbac \| kubectl apply -f -/,
      );
      await writeFile(operator, open.kubeconfig('root'));
      expect(await create({}, operator)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('can write (') });
    } finally {
      await Promise.all([bare.stop(), open.stop()]);
    }
  });

  test('a duration that is none is refused', async () => {
    await expect(create({ duration: 'a month' })).rejects.toThrow(/"a month" is no duration/);
  });
});

describe('rbac', () => {
  const entry = (name: string, allow_secrets_access: boolean): ClusterConfig =>
    ClusterConfig.parse({
      name,
      mcp: { endpoint: 'http://mcp' },
      triage: { enabled: true, kubeconfig: 'k', allow_secrets_access },
    });
  const rolesOf = (manifests: string): string[] =>
    parseAllDocuments(manifests).map((document) =>
      [document.get('kind'), document.getIn(['metadata', 'name'])].join(' '),
    );
  const READING = ['Namespace nightcrier', 'ServiceAccount nightcrier', 'ClusterRoleBinding nightcrier-view'];
  const NODES = ['ClusterRole nightcrier-nodes', 'ClusterRoleBinding nightcrier-nodes'];

  test('the manifests read Secrets only where the configuration allows it, and say for which clusters', async () => {
    expect(rolesOf(await manifestsFor([entry('west', false)]))).toEqual([...READING, ...NODES]);
    const both = await manifestsFor([entry('west', false), entry('east', true)]);
    expect(rolesOf(both)).toEqual([
      ...READING,
      ...NODES,
      'ClusterRole nightcrier-helm',
      'ClusterRoleBinding nightcrier-helm',
    ]);
    expect(both).toContain('# For east, and for no other');
  });
});
