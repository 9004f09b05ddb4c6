import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { execa } from 'execa';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

const SCRIPT = fileURLToPath(new URL('../../deploy/service-account-kubeconfig.sh', import.meta.url));

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

const run = (args: string[], kubeconfig = admin) =>
  execa(SCRIPT, args, { env: { KUBECONFIG: kubeconfig }, reject: false });
const kubectl = (...args: string[]) => execa('kubectl', ['--kubeconfig', target, ...args], { reject: false });

test('the kubeconfig that it writes works with the rights of the account, and its context is named after the cluster', async () => {
  const { exitCode, stdout, stderr } = await run([target]);
  expect([exitCode, stdout]).toEqual([0, '']);
  expect(await readFile(target, 'utf8')).toContain('token: "issued-');
  expect(stderr).not.toContain('issued-');
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

test('without the right to create a token nothing is written', async () => {
  const viewer = path.join(folder, 'viewer');
  await writeFile(viewer, cluster.kubeconfig('viewer'), { mode: 0o600 });
  const { exitCode, stderr } = await run([target], viewer);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('no token of the service account')]);
  expect(stderr).toContain('is forbidden');
  expect(await readdir(path.dirname(target))).toEqual([]);
});

test.each([[[]], [['']], [['a', 'b', 'c']]])('the arguments %j are refused', async (args) => {
  const { exitCode, stderr } = await run(args);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('usage: ')]);
});
