import { z } from 'zod';
import type { ResourceRequest } from '../request/request-info.ts';

/** One RBAC rule; `*` matches everything. Without `namespaces` it holds in all of them and at the cluster scope. */
export const AccessRule = z.strictObject({
  apiGroups: z.array(z.string()),
  /** Plural names; a subresource is written `pods/log`. */
  resources: z.array(z.string()),
  verbs: z.array(z.string()),
  namespaces: z.array(z.string()).optional(),
});
export type AccessRule = z.infer<typeof AccessRule>;

/** What an access check asks: a resource request, or the same words from a SelfSubjectAccessReview. */
export interface AccessAttributes {
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  namespace?: string | undefined;
}

const READ = ['get', 'list', 'watch'];

/** The built-in ClusterRole "view", of the resources that exist here: everything readable but Secrets and nodes. */
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

/** The roles a user of a simulated cluster can have. */
export const ROLES = {
  /** What triage needs and no more: "view", nodes and volumes. */
  'read-only': [...VIEW, ...NODES, ...VOLUMES],
  'read-only-with-secrets': [...VIEW, ...NODES, ...VOLUMES, { apiGroups: [''], resources: ['secrets'], verbs: READ }],
  admin: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  /** Too little for triage: neither logs nor events. */
  'pods-only': [{ apiGroups: [''], resources: ['pods'], verbs: READ }],
  nothing: [],
} satisfies Record<string, AccessRule[]>;
export type RoleName = keyof typeof ROLES;

/** What every authenticated user may do, "system:basic-user": ask what it may do. */
export const BASIC_USER: AccessRule[] = [
  {
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    verbs: ['create'],
  },
  { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
];

/** Whether any rule allows it. */
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

/** The attributes of a request. */
export function attributesOf(request: ResourceRequest): AccessAttributes {
  const { type, verb, subresource, namespace, name } = request;
  return {
    verb,
    group: type.group,
    resource: type.plural,
    subresource,
    // RBAC judges `get namespace x` inside namespace x.
    namespace: namespace ?? (type.plural === 'namespaces' ? name : undefined),
  };
}

function matches(allowed: readonly string[], asked: string): boolean {
  return allowed.includes('*') || allowed.includes(asked);
}
