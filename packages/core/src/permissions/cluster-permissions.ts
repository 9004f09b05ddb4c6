import { z } from 'zod';

/**
 * What the triage kubeconfig may do in a cluster, asked before any triage and written into each incident's workspace
 * (design.md, "ClusterPermissions"). Expected RBAC: the ClusterRole `view`, a role that reads nodes, and, for Helm
 * debugging only, one that reads secrets and configmaps.
 */
export const ClusterPermissions = z.object({
  cluster_name: z.string(),
  /** RFC 3339. */
  validated_at: z.string(),
  can_get_pods: z.boolean(),
  /** The `pods/log` subresource. */
  can_get_logs: z.boolean(),
  can_get_events: z.boolean(),
  can_get_deployments: z.boolean(),
  can_get_services: z.boolean(),
  /** `triage.allow_secrets_access` of the configuration, not RBAC. */
  secrets_access_allowed: z.boolean(),
  /** RBAC; asked only when `secrets_access_allowed`. */
  can_get_secrets: z.boolean(),
  /** RBAC; asked only when `secrets_access_allowed`. */
  can_get_configmaps: z.boolean(),
  can_get_nodes: z.boolean(),
  /** Whether it can change anything; missing, here and below, while that could not be found out. */
  can_write: z.boolean().optional(),
  /** Whether it can run commands in pods, which is writing by another way. */
  can_exec: z.boolean().optional(),
  /** Whether it can act as somebody else, and so with more than its own permissions. */
  can_impersonate: z.boolean().optional(),
  /** RBAC lets it read secrets although the configuration forbids that; asked only when not `secrets_access_allowed`. */
  secrets_readable: z.boolean().optional(),
  /** The namespace that answers fell back to where access is not cluster-wide. */
  limited_to_namespace: z.string().optional(),
  /** The table of `kubectl auth can-i --list`. */
  raw_output: z.string().optional(),
  warnings: z.array(z.string()).optional(),
});
export type ClusterPermissions = z.infer<typeof ClusterPermissions>;

/** Whether the least that an investigation needs is there: pods, logs and events. */
export function minimumPermissionsMet(permissions: ClusterPermissions): boolean {
  return permissions.can_get_pods && permissions.can_get_logs && permissions.can_get_events;
}

/** Whether Helm releases can be read: needs the configuration's consent and RBAC. */
export function helmAccessAvailable(permissions: ClusterPermissions): boolean {
  return permissions.secrets_access_allowed && permissions.can_get_secrets;
}

/** Whether the kubeconfig can read and nothing else; undefined while that could not be found out. */
export function isReadOnly({ can_write, can_exec, can_impersonate }: ClusterPermissions): boolean | undefined {
  const answers = new Set([can_write, can_exec, can_impersonate]);
  if (answers.has(true)) return false;
  return answers.has(undefined) ? undefined : true;
}
