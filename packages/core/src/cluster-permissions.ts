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
