import type { RuleAction } from './rule-actions.ts';

/** What is asked: may this user do that, to any such object? */
export interface AccessQuestion {
  verb: string;
  resource: string;
  subresource?: string;
  group?: string;
}

/** Something that a read-only kubeconfig must not be able to do. */
export interface WriteCheck {
  permission: RuleAction['permission'];
  questions: readonly AccessQuestion[];
  /** Objects of no namespace. */
  clusterScoped?: boolean;
}

const RBAC = 'rbac.authorization.k8s.io';
const CERTIFICATES = 'certificates.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

/** Asked of every cluster: what most roles that write would allow. */
export const WRITE_CHECKS: readonly WriteCheck[] = [
  {
    permission: 'can_write',
    questions: [
      { verb: '*', resource: '*', group: '*' },
      ...['create', 'update', 'patch', 'delete'].flatMap((verb) => [
        { verb, resource: 'pods' },
        { verb, resource: 'deployments', group: 'apps' },
      ]),
    ],
  },
  {
    permission: 'can_exec',
    // A WebSocket starts as a GET, so API servers before 1.35 let every account that may `get` this subresource run commands.
    questions: ['create', 'get'].map((verb) => ({ verb, resource: 'pods', subresource: 'exec' })),
  },
  {
    permission: 'can_impersonate',
    clusterScoped: true,
    questions: ['users', 'groups', 'serviceaccounts'].map((resource) => ({ verb: 'impersonate', resource })),
  },
  { permission: 'secrets', questions: [{ verb: 'get', resource: 'secrets' }] },
];

/**
 * Asked where the server does not list all rules. A webhook that authorizes, as clouds have, lists none, and only answers
 * questions.
 */
export const UNLISTED_CHECKS: readonly WriteCheck[] = [
  {
    permission: 'can_write',
    questions: [
      { verb: 'create', resource: 'jobs', group: 'batch' },
      { verb: 'patch', resource: 'deployments', group: 'apps', subresource: 'scale' },
      { verb: 'create', resource: 'pods', subresource: 'eviction' },
      { verb: 'patch', resource: 'pods', subresource: 'ephemeralcontainers' },
      { verb: 'create', resource: 'serviceaccounts', subresource: 'token' },
      { verb: 'create', resource: 'rolebindings', group: RBAC },
      { verb: 'bind', resource: 'roles', group: RBAC },
      { verb: 'escalate', resource: 'roles', group: RBAC },
      { verb: 'patch', resource: 'configmaps' },
      { verb: 'create', resource: 'secrets' },
      { verb: 'patch', resource: 'secrets' },
      { verb: 'deletecollection', resource: 'pods' },
      { verb: 'patch', resource: 'pods', subresource: 'resize' },
      { verb: 'create', resource: 'pods', subresource: 'binding' },
      { verb: 'update', resource: 'deployments', group: 'apps', subresource: 'scale' },
      { verb: 'create', resource: 'leases', group: 'coordination.k8s.io' },
      { verb: 'create', resource: 'events' },
    ],
  },
  {
    permission: 'can_write',
    clusterScoped: true,
    questions: [
      { verb: 'create', resource: 'namespaces' },
      { verb: 'delete', resource: 'namespaces' },
      { verb: 'patch', resource: 'nodes' },
      { verb: 'patch', resource: 'nodes', subresource: 'status' },
      { verb: 'create', resource: 'certificatesigningrequests', group: CERTIFICATES },
      { verb: 'update', resource: 'certificatesigningrequests', group: CERTIFICATES, subresource: 'approval' },
      ...['approve', 'sign', 'attest'].map((verb) => ({ verb, resource: 'signers', group: CERTIFICATES })),
      { verb: 'create', resource: 'clusterrolebindings', group: RBAC },
      { verb: 'bind', resource: 'clusterroles', group: RBAC },
      { verb: 'escalate', resource: 'clusterroles', group: RBAC },
      { verb: 'create', resource: 'mutatingwebhookconfigurations', group: ADMISSION },
      { verb: 'patch', resource: 'mutatingwebhookconfigurations', group: ADMISSION },
      { verb: 'patch', resource: 'validatingwebhookconfigurations', group: ADMISSION },
      ...['create', 'update'].flatMap((verb) => [
        { verb, resource: 'apiservices', group: 'apiregistration.k8s.io' },
        { verb, resource: 'customresourcedefinitions', group: 'apiextensions.k8s.io' },
      ]),
    ],
  },
  {
    permission: 'can_impersonate',
    clusterScoped: true,
    questions: [
      { verb: 'impersonate', resource: 'uids', group: 'authentication.k8s.io' },
      { verb: 'impersonate', resource: 'userextras', subresource: 'scopes', group: 'authentication.k8s.io' },
      // Impersonation that is limited to what the verb names, since 1.35.
      { verb: 'impersonate:user-info', resource: 'users', group: 'authentication.k8s.io' },
    ],
  },
  {
    permission: 'can_exec',
    questions: ['create', 'get'].flatMap((verb) => [
      ...['attach', 'portforward', 'proxy'].map((subresource) => ({ verb, resource: 'pods', subresource })),
      { verb, resource: 'services', subresource: 'proxy' },
    ]),
  },
  {
    permission: 'can_exec',
    clusterScoped: true,
    questions: ['create', 'get'].map((verb) => ({ verb, resource: 'nodes', subresource: 'proxy' })),
  },
  { permission: 'secrets', questions: ['list', 'watch'].map((verb) => ({ verb, resource: 'secrets' })) },
];

/** Asked in each other namespace whose rules the server does not list: access can be granted by namespace. */
export const UNLISTED_CHECKS_ELSEWHERE: readonly WriteCheck[] = [
  {
    permission: 'can_write',
    questions: [
      { verb: 'create', resource: 'pods' },
      { verb: 'delete', resource: 'pods' },
      { verb: 'patch', resource: 'deployments', group: 'apps' },
    ],
  },
  { permission: 'can_exec', questions: [{ verb: 'create', resource: 'pods', subresource: 'exec' }] },
  { permission: 'secrets', questions: [{ verb: 'list', resource: 'secrets' }] },
];
