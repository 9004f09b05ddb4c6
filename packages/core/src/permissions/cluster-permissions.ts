import { z } from 'zod';
import { describeWriteFinding, WriteFinding } from './write-finding.ts';

/**
 * Permissions of the triage kubeconfig in a cluster. Checked before triage and written into each workspace (design.md,
 * "ClusterPermissions"). Expected RBAC: the ClusterRole `view`, a role that reads nodes, and, for Helm debugging only, a
 * role that reads Secrets and ConfigMaps.
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
  /** The setting `triage.allow_secrets_access`, not RBAC. */
  secrets_access_allowed: z.boolean(),
  /** From RBAC. Checked only with `secrets_access_allowed`. */
  can_get_secrets: z.boolean(),
  /** From RBAC. Checked only with `secrets_access_allowed`. */
  can_get_configmaps: z.boolean(),
  can_get_nodes: z.boolean(),
  /** Whether it can change anything. Missing, here and below, when the check failed. */
  can_write: z.boolean().optional(),
  /** Whether it can run commands in pods, or open connections to pods, services or nodes, which are other forms of writing. */
  can_exec: z.boolean().optional(),
  /** Whether it can impersonate other identities, and so gain their permissions. */
  can_impersonate: z.boolean().optional(),
  /** Details of `can_write`, `can_exec` and `can_impersonate` where they are not false. Missing from older processes. */
  write_findings: z.array(WriteFinding).optional(),
  /** Whether RBAC allows reading any Secret although the configuration does not. Checked only without `secrets_access_allowed`. */
  secrets_readable: z.boolean().optional(),
  /** The namespace that was checked instead, when access is not cluster-wide. */
  limited_to_namespace: z.string().optional(),
  /** Kinds that it cannot list and watch, with the RBAC rule that each needs. Checked where it feeds detection. */
  cannot_watch: z.record(z.string(), z.string()).optional(),
  /** The table that `kubectl auth can-i --list` prints. */
  raw_output: z.string().optional(),
  warnings: z.array(z.string()).optional(),
});
export type ClusterPermissions = z.infer<typeof ClusterPermissions>;

/** Returns whether the minimum for an investigation is allowed: pods, logs and events. */
export function minimumPermissionsMet(permissions: ClusterPermissions): boolean {
  return permissions.can_get_pods && permissions.can_get_logs && permissions.can_get_events;
}

/** Returns whether Helm releases can be read, which requires both the configuration and RBAC. */
export function helmAccessAvailable(permissions: ClusterPermissions): boolean {
  return permissions.secrets_access_allowed && permissions.can_get_secrets;
}

/**
 * Returns whether the kubeconfig can only read, and no Secrets unless the configuration allows it; undefined when a check
 * failed.
 */
export function isReadOnly(permissions: ClusterPermissions): boolean | undefined {
  const { can_write, can_exec, can_impersonate, secrets_access_allowed, secrets_readable } = permissions;
  const answers = new Set([can_write, can_exec, can_impersonate, secrets_access_allowed ? false : secrets_readable]);
  if (answers.has(true)) return false;
  return answers.has(undefined) ? undefined : true;
}

/** Describes why `isReadOnly` does not hold, one text for each reason. */
export function describeExcess(permissions: ClusterPermissions): string[] {
  const { secrets_access_allowed, secrets_readable, write_findings = [] } = permissions;
  const texts = write_findings.map(describeWriteFinding);
  if (secrets_access_allowed) return texts;
  if (secrets_readable) texts.push('the kubeconfig can read Secrets, which allow_secrets_access forbids');
  if (secrets_readable === undefined) texts.push('could not find out whether the kubeconfig can read Secrets');
  return texts;
}
