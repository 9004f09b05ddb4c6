import { z } from 'zod';
import type { ResourceRequest } from '../request/request-info.ts';

/** One RBAC rule; `*` matches everything. Without `namespaces` it applies to all of them and to the cluster scope. */
export const AccessRule = z.strictObject({
  apiGroups: z.array(z.string()),
  /** Plural names; a subresource is written `pods/log`. */
  resources: z.array(z.string()),
  verbs: z.array(z.string()),
  namespaces: z.array(z.string()).optional(),
});
export type AccessRule = z.infer<typeof AccessRule>;

/** Attributes of an access check: of a resource request, or of a SelfSubjectAccessReview. */
export interface AccessAttributes {
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  namespace?: string | undefined;
}

const READ = ['get', 'list', 'watch'];

/** The ClusterRole "view", limited to the resources of the simulator: read everything but Secrets and nodes. */
const VIEW: AccessRule[] = [
  {
    apiGroups: [''],
    resources: [
      'configmaps',
      'endpoints',
      'events',
      'limitranges',
      'namespaces',
      'persistentvolumeclaims',
      'persistentvolumeclaims/status',
      'pods',
      'pods/log',
      'pods/status',
      'replicationcontrollers',
      'resourcequotas',
      'serviceaccounts',
      'services',
      'services/status',
    ],
    verbs: READ,
  },
  {
    apiGroups: ['apps'],
    resources: ['daemonsets', 'deployments', 'deployments/scale', 'replicasets', 'replicasets/scale', 'statefulsets'],
    verbs: READ,
  },
  { apiGroups: ['batch'], resources: ['cronjobs', 'jobs', 'jobs/status'], verbs: READ },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: READ },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'networkpolicies'], verbs: READ },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: READ },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
  // cert-manager's chart adds its kinds to the role.
  { apiGroups: ['cert-manager.io'], resources: ['certificates'], verbs: READ },
];

const NODES: AccessRule[] = [
  { apiGroups: [''], resources: ['nodes'], verbs: READ },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: READ },
];

/** What `view` lacks of storage: it belongs to no namespace. */
const VOLUMES: AccessRule[] = [
  { apiGroups: [''], resources: ['persistentvolumes'], verbs: READ },
  { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: READ },
];

/** Roles for users of a simulated cluster. */
export const ROLES = {
  /** What triage needs and no more: "view", nodes and volumes. */
  'read-only': [...VIEW, ...NODES, ...VOLUMES],
  'read-only-with-secrets': [...VIEW, ...NODES, ...VOLUMES, { apiGroups: [''], resources: ['secrets'], verbs: READ }],
  admin: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  /** Too little for triage: no logs and no events. */
  'pods-only': [{ apiGroups: [''], resources: ['pods'], verbs: READ }],
  nothing: [],
} satisfies Record<string, AccessRule[]>;
export type RoleName = keyof typeof ROLES;

export function rulesOf(role: RoleName | readonly AccessRule[]): readonly AccessRule[] {
  return typeof role === 'string' ? ROLES[role] : role;
}

/** "system:basic-user": every authenticated user may create self-reviews. */
export const BASIC_USER: AccessRule[] = [
  {
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    verbs: ['create'],
  },
  { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
];

/** Returns whether a rule allows the access. */
export function isAllowed(rules: readonly AccessRule[], asked: AccessAttributes): boolean {
  const resource = asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource;
  return rules.some(
    (rule) =>
      matches(rule.verbs, asked.verb) &&
      matches(rule.apiGroups, asked.group) &&
      (matches(rule.resources, resource) || rule.resources.includes(`*/${asked.subresource || ' '}`)) &&
      (rule.namespaces === undefined || (!!asked.namespace && rule.namespaces.includes(asked.namespace))),
  );
}

/** Returns the attributes of a request. */
export function attributesOf(request: ResourceRequest): AccessAttributes {
  const { type, verb, subresource, namespace, name } = request;
  return {
    verb,
    group: type.group,
    resource: type.plural,
    subresource,
    // RBAC evaluates `get namespace x` in namespace x.
    namespace: namespace ?? (type.plural === 'namespaces' ? name : undefined),
  };
}

function matches(allowed: readonly string[], asked: string): boolean {
  return allowed.includes('*') || allowed.includes(asked);
}
