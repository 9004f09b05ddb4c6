import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { execa } from 'execa';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

const SCRIPT = fileURLToPath(new URL('../../deploy/service-account-kubeconfig.sh', import.meta.url));
const TOKEN = 'token-of-the-account';

let cluster: SimulatedCluster;
let folder: string;
let admin: string;
let target: string;

beforeAll(async () => {
  cluster = await startSimulatedCluster({
    name: 'prod-eu: 1',
    tls: true,
    users: { root: 'admin', [TOKEN]: 'read-only' },
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
  setToken(TOKEN);
  target = path.join(await mkdtemp(path.join(folder, 'target-')), 'kubeconfig');
});

function setToken(token: string): void {
  cluster.store.put({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'nightcrier-token', namespace: 'nightcrier' },
    type: 'kubernetes.io/service-account-token',
    data: { token: Buffer.from(token).toString('base64') },
  });
}

const run = (args: string[], kubeconfig = admin) =>
  execa(SCRIPT, args, { env: { KUBECONFIG: kubeconfig }, reject: false });
const kubectl = (...args: string[]) => execa('kubectl', ['--kubeconfig', target, ...args], { reject: false });

test('the kubeconfig that it writes works with the rights of the account, and its context is named after the cluster', async () => {
  const { exitCode, stdout, stderr } = await run([target]);
  expect([exitCode, stdout]).toEqual([0, '']);
  expect(stderr).not.toContain(TOKEN);
  expect((await stat(target)).mode & 0o777).toBe(0o600);
  expect(await readdir(path.dirname(target))).toEqual(['kubeconfig']);
  expect((await kubectl('config', 'current-context')).stdout).toBe('prod-eu: 1');
  expect((await kubectl('get', 'pods', '--all-namespaces')).exitCode).toBe(0);
  expect((await kubectl('get', 'secrets', '--all-namespaces')).stderr).toContain('is forbidden');
});

test('a context can be named, and an older file is replaced', async () => {
  await writeFile(target, 'older', { mode: 0o644 });
  expect((await run([target, 'prod-eu: 1'])).exitCode).toBe(0);
  expect(await readFile(target, 'utf8')).toContain('prod-eu: 1');
  expect((await stat(target)).mode & 0o777).toBe(0o600);
});

test.each([
  ['a context that does not verify the server', { 'insecure-skip-tls-verify': true }, /insecure-skip-tls-verify/],
  ['a server without TLS', { server: 'http://10.0.0.1:8080' }, /unencrypted, use https/],
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
  const { exitCode, stderr } = await run([target], insecure);
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(reason)]);
  expect(await readFile(target, 'utf8')).toBe('older');
});

test('without a token nothing is written', async () => {
  setToken('');
  const { exitCode, stderr } = await run([target]);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('has no token yet; apply deploy/rbac.yaml')]);
  expect(await readdir(path.dirname(target))).toEqual([]);
});

test.each([[[]], [['']], [['a', 'b', 'c']]])('the arguments %j are refused', async (args) => {
  const { exitCode, stderr } = await run(args);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('usage: ')]);
});
