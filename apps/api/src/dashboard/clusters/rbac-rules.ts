import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';

/** What investigations need, and the rule of a ClusterRole that gives it. */
const NEEDED = [
  ['can_get_pods', 'pods', '{apiGroups: [""], resources: [pods], verbs: [get, list, watch]}'],
  ['can_get_logs', 'logs of pods', '{apiGroups: [""], resources: [pods/log], verbs: [get]}'],
  ['can_get_events', 'events', '{apiGroups: ["", events.k8s.io], resources: [events], verbs: [get, list, watch]}'],
  [
    'can_get_deployments',
    'deployments',
    '{apiGroups: [apps], resources: [deployments, replicasets, statefulsets, daemonsets], verbs: [get, list, watch]}',
  ],
  ['can_get_services', 'services', '{apiGroups: [""], resources: [services, endpoints], verbs: [get, list, watch]}'],
  ['can_get_nodes', 'nodes', '{apiGroups: [""], resources: [nodes], verbs: [get, list, watch]}'],
] as const satisfies [keyof ClusterPermissions, string, string][];

/** Something that a kubeconfig cannot read, and the RBAC rule that would give it. */
export interface MissingPermission {
  what: string;
  rule: string;
}

/** Returns what is missing, with the rule for each. */
export function missingPermissions(permissions: ClusterPermissions): MissingPermission[] {
  const missing: MissingPermission[] = NEEDED.flatMap(([field, what, rule]) =>
    permissions[field] ? [] : [{ what, rule }],
  );
  if (permissions.secrets_access_allowed && !permissions.can_get_secrets)
    missing.push({ what: 'secrets', rule: '{apiGroups: [""], resources: [secrets], verbs: [get, list]}' });
  if (permissions.secrets_access_allowed && !permissions.can_get_configmaps)
    missing.push({ what: 'configmaps', rule: '{apiGroups: [""], resources: [configmaps], verbs: [get, list]}' });
  const unwatched = Object.entries(permissions.cannot_watch ?? {}).map(([kind, rule]) => ({
    what: `watch of ${kind}`,
    rule,
  }));
  return [...missing, ...unwatched];
}
