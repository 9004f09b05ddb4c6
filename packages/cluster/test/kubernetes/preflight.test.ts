import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROLES, type AccessRule, type RoleName } from '@nightcrier/simulator/kubernetes/access/access-rules';
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { execa } from 'execa';
import { isReadOnly } from '@nightcrier/core/permissions/cluster-permissions';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { checkPermissions } from '../../src/kubernetes/permissions/preflight.ts';
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

/** What a service account with the ClusterRole view has: nothing but reading. */
const READ_RULES = { incomplete: false, resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] };

/** The resource that a review asks about, such as `pods/log`. */
function resourceOf({ review }: Received): string {
  const { resource = '', subresource } = review.spec?.resourceAttributes ?? {};
  return subresource ? `${resource}/${subresource}` : resource;
}

function isRead({ review }: Received): boolean {
  const { verb = '', resource = '', subresource } = review.spec?.resourceAttributes ?? {};
  return ['get', 'list', 'watch'].includes(verb) && [undefined, 'log'].includes(subresource) && resource !== '*';
}

/** A cluster where the kubeconfig can do nothing but read, as far as `access` says. */
function answering(access: (resource: string) => Answer, rules: object = READ_RULES): (request: Received) => Answer {
  return (request) => {
    if (request.method === 'GET') return { status: 404, body: { kind: 'Status' } };
    if (!request.path.includes('/selfsubjectrulesreviews')) {
      return isRead(request) ? access(resourceOf(request)) : allowed(false);
    }
    const kind = 'SelfSubjectRulesReview';
    return { status: 201, body: { kind, apiVersion: 'authorization.k8s.io/v1', status: rules } };
  };
}

function allowed(isAllowed: boolean): Answer {
  return { status: 201, body: { status: { allowed: isAllowed } } };
}

const OPTIONS = { clusterName: 'west', allowSecretsAccess: false, now: () => new Date('2026-01-02T03:04:05Z') };

describe('checkPermissions', () => {
  it('reports what may be read, and counts no secrets when the configuration forbids them', async () => {
    await using server = await startStubApiServer(answering((resource) => allowed(resource !== 'secrets')));
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
      can_write: false,
      can_exec: false,
      can_impersonate: false,
      secrets_readable: false,
      raw_output: expect.stringContaining('Resources'),
      warnings: ['secrets access disabled by config (set triage.allow_secrets_access=true for Helm debugging)'],
    });
    const asked = server.received.filter(({ path }) => path.endsWith('/selfsubjectaccessreviews'));
    expect(asked.map(({ review }) => review.spec)).toContainEqual({
      resourceAttributes: { namespace: '', verb: 'get', group: 'apps', resource: 'deployments' },
    });
    const resources = asked.filter(isRead).map(resourceOf).sort();
    expect(new Set(resources)).toEqual(
      new Set(['deployments', 'events', 'nodes', 'pods', 'pods/log', 'secrets', 'services']),
    );
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
        resource === 'services'
          ? { status: 500, body: { message: 'etcd is slow' } }
          : allowed(resource !== 'pods' && resource !== 'secrets'),
      ),
    );
    const { warnings } = await checkPermissions({ ...OPTIONS, kubeconfig: await server.kubeconfig() });
    expect(warnings?.[0]).toBe('cannot get pods');
    expect(warnings?.[1]).toMatch(/^could not find out whether services can be read: .* 500: etcd is slow$/);
    expect(warnings).toHaveLength(3);
  });

  it('leaves open whether it can write when the server does not say so', async () => {
    const busy: Answer = { status: 500, body: { message: 'etcd is slow' } };
    await using server = await startStubApiServer((request) =>
      request.review.spec?.resourceAttributes?.verb === 'update' ? busy : answering(() => allowed(true))(request),
    );
    const permissions = await checkPermissions({ ...OPTIONS, kubeconfig: await server.kubeconfig() });
    expect(permissions).toMatchObject({ can_exec: false, can_impersonate: false });
    expect(permissions).not.toHaveProperty('can_write');
    expect(permissions.write_findings).toEqual([
      { permission: 'can_write', result: 'unknown', failure: expect.stringContaining('etcd is slow') },
    ]);
    expect(permissions.warnings).toContainEqual(
      expect.stringMatching(/^could not find out whether the kubeconfig can write: .*etcd is slow/),
    );
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
    await using server = await startStubApiServer(answering(() => allowed(true), RULES));
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
    const { cluster, kubeconfig } = await clusterGranting(role);
    const permissions = await checkPermissions({ ...OPTIONS, allowSecretsAccess: true, kubeconfig });
    expect(permissions).toMatchObject({ ...expected, can_write: false, can_exec: false, can_impersonate: false });
    const others = cluster.kubernetesRequests.filter(({ path }) => !path.includes('/selfsubject'));
    expect(others.map(({ method, path }) => `${method} ${path.split('?')[0]}`)).toEqual(['GET /api/v1/namespaces']);
    if (!hasKubectl) return;
    const list = await execa('kubectl', ['--kubeconfig', kubeconfig, 'auth', 'can-i', '--list'], {
      stripFinalNewline: false,
    });
    expect(permissions.raw_output).toBe(list.stdout);
  });
});

const CONFIG_MAPS: AccessRule = { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'update'] };
const EVERYTHING: AccessRule = { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] };

describe('a kubeconfig that can do more than read', () => {
  it.each<[string, RoleName | AccessRule[], object, string]>([
    ['an administrator', 'admin', { can_write: true, can_exec: true, can_impersonate: true }, 'can write (* *.*,'],
    [
      'a deployer',
      [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch'] }],
      { can_write: true, can_exec: false, can_impersonate: false },
      'can write (patch deployments.apps)',
    ],
    [
      'one that updates what no check names',
      [CONFIG_MAPS],
      { can_write: true, can_exec: false, can_impersonate: false },
      'can write (update configmaps)',
    ],
    [
      'one that execs',
      [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }],
      { can_write: false, can_exec: true, can_impersonate: false },
      'can exec into pods (create pods/exec)',
    ],
    [
      'one that gets everything, and so starts a command by a GET',
      [EVERYTHING],
      { can_write: false, can_exec: true, can_impersonate: false, secrets_readable: true },
      'can exec into pods (get pods/exec, get pods/attach,',
    ],
    [
      'one that impersonates groups',
      [{ apiGroups: [''], resources: ['groups'], verbs: ['impersonate'] }],
      { can_write: false, can_exec: false, can_impersonate: true },
      'can impersonate (impersonate groups)',
    ],
  ])('is found out: %s', async (_, role, expected, warning) => {
    const { kubeconfig } = await clusterGranting(role);
    const permissions = await checkPermissions({ ...OPTIONS, kubeconfig });
    expect(permissions).toMatchObject(expected);
    expect(permissions.warnings).toContainEqual(expect.stringContaining(warning));
    const found = permissions.write_findings?.map(({ permission, result }) => [permission, result]);
    const granted = Object.entries(expected).filter(([name, granted]) => granted && name !== 'secrets_readable');
    expect(found).toEqual(granted.map(([name]) => [name, 'allowed']));
  });

  it('is no kubeconfig that may only review tokens', async () => {
    const { kubeconfig } = await clusterGranting([
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    ]);
    expect(await checkPermissions({ ...OPTIONS, kubeconfig })).toMatchObject({ can_write: false, can_exec: false });
  });

  it('is found out where it may read secrets that the configuration forbids', async () => {
    const { kubeconfig } = await clusterGranting('read-only-with-secrets');
    const permissions = await checkPermissions({ ...OPTIONS, kubeconfig });
    expect(permissions).toMatchObject({ can_get_secrets: false, secrets_readable: true });
    expect(permissions.warnings).toContainEqual(expect.stringContaining('although config forbids it'));
  });
});

describe('access to a single namespace', () => {
  const inShop = (rule: Omit<AccessRule, 'namespaces'>): AccessRule => ({ ...rule, namespaces: ['shop'] });
  const view = ROLES['read-only'].map(inShop);

  it('counts for an incident there, with a warning', async () => {
    const { kubeconfig } = await clusterGranting(view);
    const permissions = await checkPermissions({ ...OPTIONS, kubeconfig, namespace: 'shop' });
    expect(permissions).toMatchObject({
      can_get_pods: true,
      can_get_logs: true,
      can_get_events: true,
      can_get_nodes: false,
      can_write: false,
      limited_to_namespace: 'shop',
    });
    expect(permissions.warnings).toContain(
      'no cluster-wide access to pods, pods/log, events, deployments, services: only in the namespace shop',
    );
  });

  it.each([undefined, 'bank'])('does not count for %s', async (namespace) => {
    const { kubeconfig } = await clusterGranting(view);
    const permissions = await checkPermissions({ ...OPTIONS, kubeconfig, namespace });
    expect(permissions).toMatchObject({ can_get_pods: false, can_get_logs: false, can_get_events: false });
    expect(permissions).not.toHaveProperty('limited_to_namespace');
  });

  it.each(['shop', 'bank'])(
    'is found out where it is more than reading, also for an incident in %s',
    async (namespace) => {
      const { kubeconfig } = await clusterGranting([...ROLES['read-only'], ...ROLES.admin.map(inShop)]);
      expect(await checkPermissions({ ...OPTIONS, kubeconfig, namespace })).toMatchObject({
        can_write: true,
        can_exec: true,
        secrets_readable: true,
      });
    },
  );
});

describe('a kubeconfig that can write in another namespace', () => {
  const DELETES: AccessRule = { apiGroups: [''], resources: ['pods'], verbs: ['delete'], namespaces: ['kube-system'] };

  it('is found out in every namespace that the cluster lists', async () => {
    const { kubeconfig } = await clusterGranting([...ROLES['read-only'], DELETES]);
    const permissions = await checkPermissions({ ...OPTIONS, kubeconfig, namespace: 'shop' });
    expect(isReadOnly(permissions)).toBe(false);
    expect(permissions.write_findings).toEqual([
      { permission: 'can_write', result: 'allowed', actions: ['delete pods in namespace kube-system'] },
    ]);
  });

  it('is found out in a namespace that another of its contexts names, where it cannot list them', async () => {
    const { kubeconfig } = await clusterGranting([...ROLES['pods-only'], DELETES]);
    const content = z.looseObject({ contexts: z.array(z.looseObject({ context: z.looseObject({}) })) });
    const { contexts, ...rest } = content.parse(parse(await readFile(kubeconfig, 'utf8')));
    const other = { name: 'other', context: { ...contexts[0]?.context, namespace: 'kube-system' } };
    expect(await checkPermissions({ ...OPTIONS, kubeconfig })).toMatchObject({ can_write: false });
    await writeFile(kubeconfig, stringify({ ...rest, contexts: [...contexts, other] }));
    const permissions = await checkPermissions({ ...OPTIONS, kubeconfig });
    expect(permissions).toMatchObject({ can_write: true });
    expect(permissions.warnings).toContainEqual(
      'cannot list namespaces: only in default, kube-system was it checked whether it can write',
    );
  });

  it('is found out in a namespace that its rules name', async () => {
    const named = { verbs: ['get'], apiGroups: [''], resources: ['namespaces'], resourceNames: ['bank'] };
    const deletes = { verbs: ['delete'], apiGroups: [''], resources: ['pods'] };
    await using server = await startStubApiServer((request) => {
      const rules = request.review.spec?.namespace === 'bank' ? [named, deletes] : [named];
      return answering(() => allowed(true), { incomplete: false, resourceRules: rules })(request);
    });
    const permissions = await checkPermissions({
      ...OPTIONS,
      allowSecretsAccess: true,
      kubeconfig: await server.kubeconfig(),
    });
    expect(permissions.write_findings).toMatchObject([{ actions: ['delete pods in namespace bank'] }]);
  });

  it('is not known to be read-only where there are more namespaces than are asked about', async () => {
    const items = Array.from({ length: 500 }, (_, at) => ({ metadata: { name: `tenant-${at}` } }));
    await using server = await startStubApiServer((request) =>
      request.method === 'GET'
        ? { body: { items, metadata: { continue: 'next', remainingItemCount: 7 } } }
        : answering((resource) => allowed(resource !== 'secrets'))(request),
    );
    const permissions = await checkPermissions({ ...OPTIONS, kubeconfig: await server.kubeconfig() });
    expect(isReadOnly(permissions)).toBeUndefined();
    expect(permissions.write_findings).toMatchObject([
      { result: 'unknown', failure: '7 namespaces more than 500 were not checked' },
      { permission: 'can_exec' },
      { permission: 'can_impersonate' },
    ]);
    expect(server.received.length).toBeLessThan(600);
  });

  it('is found out by questions where the server does not list all rules', async () => {
    const rules = { ...READ_RULES, incomplete: true, evaluationError: 'webhook' };
    await using server = await startStubApiServer((request) =>
      resourceOf(request) === 'serviceaccounts/token'
        ? allowed(true)
        : answering((resource) => allowed(resource !== 'secrets'), rules)(request),
    );
    const permissions = await checkPermissions({ ...OPTIONS, kubeconfig: await server.kubeconfig() });
    expect(permissions.write_findings).toMatchObject([{ actions: ['create serviceaccounts/token'] }]);
  });

  it('is found out by questions about a namespace whose rules the server does not list', async () => {
    const rules = { ...READ_RULES, incomplete: true, evaluationError: 'webhook' };
    const names = Array.from({ length: 150 }, (_, at) => ({ metadata: { name: `tenant-${at}` } }));
    await using server = await startStubApiServer((request) => {
      if (request.method === 'GET') return { body: { items: names, metadata: {} } };
      const { namespace, verb } = request.review.spec?.resourceAttributes ?? {};
      if (namespace === 'tenant-7' && verb === 'delete') return allowed(true);
      return answering((resource) => allowed(resource !== 'secrets'), rules)(request);
    });
    const permissions = await checkPermissions({ ...OPTIONS, kubeconfig: await server.kubeconfig() });
    expect(permissions.write_findings).toMatchObject([{ actions: ['delete pods in namespace tenant-7'] }]);
    expect(permissions.warnings).toContainEqual(expect.stringContaining('in 50 namespaces more it was not asked'));
  });

  it.each(['get', 'list', 'watch'])('may not %s Secrets, unless the configuration allows it', async (verb) => {
    const secrets: AccessRule = { apiGroups: [''], resources: ['secrets'], verbs: [verb] };
    const { kubeconfig } = await clusterGranting([...ROLES['read-only'], secrets]);
    expect(isReadOnly(await checkPermissions({ ...OPTIONS, kubeconfig }))).toBe(false);
    expect(isReadOnly(await checkPermissions({ ...OPTIONS, allowSecretsAccess: true, kubeconfig }))).toBe(true);
  });

  it('asks only where contexts and rules point when the other namespaces were asked about recently', async () => {
    const { cluster, kubeconfig } = await clusterGranting('read-only');
    await checkPermissions({ ...OPTIONS, kubeconfig, extent: 'named' });
    const rules = cluster.kubernetesRequests.filter(({ path }) => path.includes('/selfsubjectrulesreviews'));
    expect(rules).toHaveLength(1);
  });
});

/** A simulated cluster over TLS until the end of the test, and a kubeconfig of a user with the role. */
async function clusterGranting(role: RoleName | readonly AccessRule[]) {
  const cluster = await startSimulatedCluster({ name: 'west', tls: true, users: { token: role } });
  onTestFinished(() => cluster.stop());
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-kubernetes-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kubeconfig = path.join(folder, 'kubeconfig.yaml');
  await writeFile(kubeconfig, cluster.kubeconfig('token'));
  return { cluster, kubeconfig };
}
