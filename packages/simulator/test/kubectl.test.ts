import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulatedCluster, type ScenarioRun, type SimulatedCluster } from '../src/simulated-cluster.ts';

const installed = spawnSync('kubectl', ['version', '--client']).status === 0;

describe.skipIf(!installed).each([{ tls: false }, { tls: true }])(
  `kubectl${installed ? '' : ' (skipped: kubectl is not on the PATH)'}, tls $tls`,
  ({ tls }) => {
    let cluster: SimulatedCluster;
    let crash: ScenarioRun;
    let folder: string;

    beforeAll(async () => {
      cluster = await startSimulatedCluster({ name: 'alpha', tls, users: { reader: 'read-only', root: 'admin' } });
      crash = await cluster.run('crash-loop-back-off');
      folder = await mkdtemp(join(tmpdir(), 'simulator-kubectl-'));
      await writeFile(join(folder, 'reader'), cluster.kubeconfig(), { mode: 0o600 });
      await writeFile(join(folder, 'root'), cluster.kubeconfig('root'), { mode: 0o600 });
    });
    afterAll(async () => {
      await cluster.stop();
      await rm(folder, { recursive: true });
    });

    /** Runs as a user; over plain HTTP kubectl sends no token, so everybody is the reader there. */
    const kubectlAs = (user: 'reader' | 'root', ...args: string[]) =>
      execa('kubectl', [`--kubeconfig=${join(folder, user)}`, `--cache-dir=${folder}`, ...args], { reject: false });
    const kubectl = (...args: string[]) => kubectlAs('reader', ...args);
    const pod = () => crash.resource.metadata.name;

    test('prints pods with the columns of a real cluster', async () => {
      const { stdout } = await kubectl('get', 'pods', '--namespace=shop', '--selector=app=checkout');
      const [header, row] = stdout.split('\n');
      expect(header?.split(/\s+/)).toEqual(['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE']);
      expect(row).toMatch(new RegExp(String.raw`^${pod()}\s+0/1\s+CrashLoopBackOff\s+6 \(\w+ ago\)\s+8m`));
      const wide = await kubectl('get', 'pods', '--namespace=shop', '-o', 'wide');
      expect(wide.stdout).toMatch(new RegExp(String.raw`${pod()}.*node-2`));
    });

    test('gets a pod as JSON', async () => {
      const { stdout } = await kubectl('get', 'pod', pod(), '--namespace=shop', '-o', 'json');
      expect(JSON.parse(stdout)).toMatchObject({ kind: 'Pod', metadata: { uid: crash.fault?.resource.uid } });
    });

    test('describes a pod with its events', async () => {
      const { stdout } = await kubectl('describe', 'pod', pod(), '--namespace=shop');
      expect(stdout).toContain('Controlled By:  ReplicaSet/checkout-');
      expect(stdout).toMatch(/Last State:\s+Terminated\s+Reason:\s+Error\s+Exit Code:\s+1/);
      expect(stdout).toMatch(/Warning\s+BackOff\s+.*\(x28 over/);
    });

    test('describes deployments and nodes', async () => {
      const [deployment, node] = await Promise.all([
        kubectl('describe', 'deployment', 'checkout', '--namespace=shop'),
        kubectl('describe', 'node', 'node-2'),
      ]);
      expect(deployment.stdout).toMatch(/NewReplicaSet:\s+checkout-\w+ \(1\/1 replicas created\)/);
      expect(node.stdout).toContain(pod());
    });

    test('reads current and previous logs', async () => {
      const current = await kubectl('logs', pod(), '--namespace=shop', '--tail=1');
      expect(current.stdout).toMatch(/^\S+ FATAL cannot reach the database/);
      const previous = await kubectl('logs', 'deployment/checkout', '--namespace=shop', '--previous');
      expect(previous.stdout.split('\n')).toHaveLength(7);
      const none = await kubectl('logs', 'deployment/storefront', '--namespace=shop', '--previous');
      expect(none.stderr).toMatch(/previous terminated container "storefront" in pod "storefront-\S+" not found/);
    });

    test('lists events by field selector', async () => {
      const { stdout } = await kubectl('get', 'events', '-A', '--field-selector=type=Warning', '--no-headers');
      expect(stdout).toMatch(new RegExp(String.raw`^shop\s+\w+\s+Warning\s+BackOff\s+pod/${pod()}\s+Back-off`));
      expect(stdout.split('\n')).toHaveLength(1);
    });

    test('prints what the user may do', async () => {
      const list = await kubectl('auth', 'can-i', '--list');
      expect(list.stdout).toMatch(/pods\/log\s+\[\]\s+\[\]\s+\[get list watch\]/);
      expect(list.stdout).not.toMatch(/^secrets/m);
      const answers = await Promise.all([
        kubectl('auth', 'can-i', 'get', 'pods/log', '-A'),
        kubectl('auth', 'can-i', 'delete', 'pods', '-A'),
        kubectl('auth', 'can-i', 'get', 'secrets', '-n', 'shop'),
      ]);
      expect(answers.map((answer) => answer.stdout)).toEqual(['yes', 'no', 'no']);
    });

    test('is refused writes and secrets with the errors of a real cluster, and nothing changes', async () => {
      const user = 'system:serviceaccount:nightcrier:read-only';
      const deletion = await kubectl('delete', 'pod', pod(), '--namespace=shop');
      expect(deletion.stderr).toBe(
        `Error from server (Forbidden): pods "${pod()}" is forbidden: User "${user}" cannot delete resource "pods" in API group "" in the namespace "shop"`,
      );
      const scaling = await kubectl('scale', 'deployment/checkout', '--replicas=0', '--namespace=shop');
      expect(scaling.stderr).toContain(
        'cannot patch resource "deployments/scale" in API group "apps" in the namespace "shop"',
      );
      const secrets = await kubectl('get', 'secrets', '-A');
      expect(secrets.stderr).toContain(
        `secrets is forbidden: User "${user}" cannot list resource "secrets" in API group "" at the cluster scope`,
      );
      expect((await kubectl('get', 'pod', pod(), '--namespace=shop')).exitCode).toBe(0);
    });

    test('reports an object that does not exist', async () => {
      const { stderr } = await kubectl('get', 'deployment', 'ghost');
      expect(stderr).toBe('Error from server (NotFound): deployments.apps "ghost" not found');
    });

    test('watches pods', async () => {
      const watching = kubectl(
        'get',
        'pods',
        '--namespace=payments',
        '--watch',
        '--output-watch-events',
        '--no-headers',
      );
      await expect
        .poll(() => cluster.kubernetesRequests.some(({ path }) => path.includes('payments') && path.includes('watch=')))
        .toBe(true);
      await cluster.run('oom-killed');
      const lines: string[] = [];
      for await (const line of watching) {
        lines.push(line);
        if (line.includes('OOMKilled')) watching.kill();
      }
      expect(lines).toEqual([
        expect.stringMatching(/^ADDED\s+statement-renderer-\S+\s+0\/1\s+ContainerCreating\s+0/),
        expect.stringMatching(/^MODIFIED\s+statement-renderer-\S+\s+1\/1\s+Running\s+0/),
        expect.stringMatching(/^MODIFIED\s+statement-renderer-\S+\s+1\/1\s+Running\s+4/),
        expect.stringMatching(/^MODIFIED\s+statement-renderer-\S+\s+0\/1\s+OOMKilled\s+4/),
      ]);
    });

    // Over plain HTTP kubectl sends no token, and there is one user only.
    test.each(tls ? (['root'] as const) : [])('lets an admin, %s, delete and patch', async (admin) => {
      await cluster.run('failing-probe');
      const patched = await kubectlAs(admin, 'annotate', 'service', 'inventory', '--namespace=shop', 'seen=yes');
      expect(patched.stderr + patched.stdout).toBe('service/inventory annotated');
      const deleted = await kubectlAs(admin, 'delete', 'service', 'inventory', '--namespace=shop');
      expect(deleted.stdout).toBe('service "inventory" deleted');
      expect((await kubectl('get', 'service', 'inventory', '--namespace=shop')).stderr).toContain('NotFound');
    });
  },
);
