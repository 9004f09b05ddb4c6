import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkPermissions } from '../../src/kubernetes/preflight.ts';
import { startStubApiServer, type Answer, type Received } from './stub-api-server.ts';

const kubectl = await execa('kubectl', ['version', '--client'], { reject: false });
const hasKubectl = kubectl.exitCode === 0;

/** Rules as an API server gives them: repeated, overlapping, in no order, some with names, groups and URLs. */
const RULES = {
  incomplete: false,
  resourceRules: [
    { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods', 'pods/log', 'events'] },
    { verbs: ['list', 'get'], apiGroups: ['apps', 'batch'], resources: ['deployments', 'deployments/scale', 'jobs'] },
    { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews'] },
    { verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['one', 'two'] },
    { verbs: ['update'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['one'] },
    { verbs: ['watch', 'get'], apiGroups: [''], resources: ['pods'], resourceNames: null },
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  ],
  nonResourceRules: [
    { verbs: ['get'], nonResourceURLs: ['/healthz', '/version', '/api/*'] },
    { verbs: ['get', 'post'], nonResourceURLs: ['/healthz'] },
  ],
};

/** The resource that a review asks about, such as `pods/log`. */
function resourceOf({ review }: Received): string {
  const { resource = '', subresource } = review.spec?.resourceAttributes ?? {};
  return subresource ? `${resource}/${subresource}` : resource;
}

function answering(access: (resource: string) => Answer): (request: Received) => Answer {
  return (request) => {
    if (request.method === 'GET') return { status: 404, body: { kind: 'Status' } };
    return request.path.includes('/selfsubjectrulesreviews')
      ? { status: 201, body: { kind: 'SelfSubjectRulesReview', apiVersion: 'authorization.k8s.io/v1', status: RULES } }
      : access(resourceOf(request));
  };
}

function allowed(isAllowed: boolean): Answer {
  return { status: 201, body: { status: { allowed: isAllowed } } };
}

const OPTIONS = { clusterName: 'west', allowSecretsAccess: false, now: () => new Date('2026-01-02T03:04:05Z') };

describe('checkPermissions', () => {
  it('reports what may be read, without asking for secrets when the configuration forbids them', async () => {
    await using server = await startStubApiServer(answering(() => allowed(true)));
    const permissions = await checkPermissions({ ...OPTIONS, kubeconfig: await server.kubeconfig() });
    expect(permissions).toEqual({
      cluster_name: 'west',
      validated_at: '2026-01-02T03:04:05.000Z',
      can_get_pods: true,
      can_get_logs: true,
      can_get_events: true,
      can_get_deployments: true,
      can_get_services: true,
      secrets_access_allowed: false,
      can_get_secrets: false,
      can_get_configmaps: false,
      can_get_nodes: true,
      raw_output: expect.stringContaining('Resources'),
      warnings: ['secrets access disabled by config (set triage.allow_secrets_access=true for Helm debugging)'],
    });
    const asked = server.received.filter(({ path }) => path.endsWith('/selfsubjectaccessreviews'));
    expect(asked.map(({ review }) => review.spec)).toContainEqual({
      resourceAttributes: { namespace: '', verb: 'get', group: 'apps', resource: 'deployments' },
    });
    const resources = asked.map(resourceOf).sort();
    expect(resources).toEqual(['deployments', 'events', 'nodes', 'pods', 'pods/log', 'services']);
  });

  it('asks for secrets and configmaps when the configuration allows them', async () => {
    await using server = await startStubApiServer(answering(() => allowed(true)));
    const kubeconfig = await server.kubeconfig();
    const permissions = await checkPermissions({ ...OPTIONS, allowSecretsAccess: true, kubeconfig });
    expect(permissions).toMatchObject({
      secrets_access_allowed: true,
      can_get_secrets: true,
      can_get_configmaps: true,
    });
    expect(permissions).not.toHaveProperty('warnings');
  });

  it("gives design.md's warnings in their order when nothing is allowed", async () => {
    await using server = await startStubApiServer(answering(() => allowed(false)));
    const kubeconfig = await server.kubeconfig();
    const { warnings } = await checkPermissions({ ...OPTIONS, allowSecretsAccess: true, kubeconfig });
    expect(warnings).toEqual([
      'cannot get pods',
      'cannot get pod logs',
      'cannot get events',
      'cannot get nodes',
      'secrets access enabled but RBAC denies it (Helm data unavailable)',
    ]);
  });

  it('names a check that could not be answered instead of taking it for a no', async () => {
    await using server = await startStubApiServer(
      answering((resource) =>
        resource === 'services' ? { status: 500, body: { message: 'etcd is slow' } } : allowed(resource !== 'pods'),
      ),
    );
    const { warnings } = await checkPermissions({ ...OPTIONS, kubeconfig: await server.kubeconfig() });
    expect(warnings?.[0]).toBe('cannot get pods');
    expect(warnings?.[1]).toMatch(/^could not find out whether services can be read: .* 500: etcd is slow$/);
    expect(warnings).toHaveLength(3);
  });

  it('warns when the server says that its list of rules is incomplete', async () => {
    const status = { ...RULES, incomplete: true, evaluationError: 'webhook authorizer' };
    await using server = await startStubApiServer((request) =>
      request.path.endsWith('/selfsubjectrulesreviews') ? { status: 201, body: { status } } : allowed(true),
    );
    const { warnings } = await checkPermissions({ ...OPTIONS, kubeconfig: await server.kubeconfig() });
    expect(warnings?.at(-1)).toBe('the list may be incomplete: webhook authorizer');
  });

  it('names cluster, server and cause when the credentials are rejected', async () => {
    await using server = await startStubApiServer(() => ({ status: 401, body: { message: 'Unauthorized' } }));
    await expect(checkPermissions({ ...OPTIONS, kubeconfig: await server.kubeconfig() })).rejects.toMatchObject({
      code: 'credentials',
      message: expect.stringMatching(/^cluster west: .*http:\/\/127\.0\.0\.1:\d+ rejects.*401: Unauthorized/),
    });
  });

  it('names cluster, server and cause when the server is out of reach', async () => {
    await using server = await startStubApiServer(() => 'silence');
    const kubeconfig = await server.kubeconfig();
    server.stop();
    await expect(checkPermissions({ ...OPTIONS, kubeconfig })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^cluster west: .*cannot reach http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/),
    });
  });

  it.skipIf(!hasKubectl)('gives the same table as kubectl auth can-i --list (needs kubectl on the PATH)', async () => {
    await using server = await startStubApiServer(answering(() => allowed(true)));
    const kubeconfig = await server.kubeconfig({ token: 't' }, { namespace: 'shop' });
    const { raw_output: rawOutput } = await checkPermissions({ ...OPTIONS, kubeconfig });
    const { stdout } = await execa('kubectl', ['--kubeconfig', kubeconfig, 'auth', 'can-i', '--list'], {
      stripFinalNewline: false,
    });
    expect(rawOutput).toBe(stdout);
    expect(server.received.map(({ review }) => review.spec?.namespace)).toContain('shop');
  });

  it.each([
    [
      'read-only',
      { can_get_pods: true, can_get_logs: true, can_get_events: true, can_get_nodes: true, can_get_secrets: false },
    ],
    ['read-only-with-secrets', { can_get_pods: true, can_get_secrets: true, can_get_configmaps: true }],
    ['pods-only', { can_get_pods: true, can_get_events: false, can_get_nodes: false, can_get_secrets: false }],
    ['nothing', { can_get_pods: false, can_get_logs: false, can_get_deployments: false, can_get_services: false }],
  ] as const)('finds what a cluster over TLS grants to the role %s', async (role, expected) => {
    const cluster = await startSimulatedCluster({ name: 'west', tls: true, users: { token: role } });
    onTestFinished(() => cluster.stop());
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-kubernetes-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const kubeconfig = path.join(folder, 'kubeconfig.yaml');
    await writeFile(kubeconfig, cluster.kubeconfig('token'));
    const permissions = await checkPermissions({ ...OPTIONS, allowSecretsAccess: true, kubeconfig });
    expect(permissions).toMatchObject(expected);
    expect(cluster.kubernetesRequests.filter(({ path }) => !path.includes('/selfsubject'))).toEqual([]);
    if (!hasKubectl) return;
    const list = await execa('kubectl', ['--kubeconfig', kubeconfig, 'auth', 'can-i', '--list'], {
      stripFinalNewline: false,
    });
    expect(permissions.raw_output).toBe(list.stdout);
  });
});
