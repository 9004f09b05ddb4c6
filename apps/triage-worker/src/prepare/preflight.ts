import { KubernetesError } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import {
  type ClusterPermissions,
  isReadOnly,
  minimumPermissionsMet,
} from '@nightcrier/core/permissions/cluster-permissions';
import type { Claim } from './claim.ts';
import type { TriageContext } from '../triage-context.ts';
import { TriageEnded } from '../triage-ended.ts';

/**
 * What the kubeconfig may do where the incident is. The worker asks for itself, at most an hour ago: what the ingester
 * found out is about all namespaces, hours old perhaps, and may be about another kubeconfig. Missing permissions do not
 * stop an investigation, which then finds out less; with `require_read_only`, permissions to do more than read do.
 * @throws TriageEnded `retry` when the cluster does not answer, `failed` when the kubeconfig is no good or can write
 */
export async function preflight(claim: Claim, context: TriageContext): Promise<ClusterPermissions> {
  const { config, logger } = context;
  const permissions = await ask(claim, context);
  const { warnings } = permissions;
  if (config.require_read_only) requireReadOnly(permissions, claim);
  if (!minimumPermissionsMet(permissions)) {
    logger.warn({ warnings }, 'cluster has insufficient permissions for full triage');
  }
  return permissions;
}

async function ask(
  { incident, cluster, kubeconfig }: Claim,
  { permissions, signal }: TriageContext,
): Promise<ClusterPermissions> {
  const { namespace } = incident.cluster_event.event.resource;
  const allowSecretsAccess = cluster.triage.allow_secrets_access;
  try {
    return await permissions.ask({ clusterName: cluster.name, kubeconfig, allowSecretsAccess, namespace }, signal);
  } catch (cause) {
    if (!(cause instanceof KubernetesError)) throw cause;
    const kind = cause.code === 'kubeconfig' ? 'failed' : 'retry';
    throw new TriageEnded({ kind, reason: cause.message }, { cause });
  }
}

function requireReadOnly(permissions: ClusterPermissions, { cluster, kubeconfig }: Claim): void {
  const readOnly = isReadOnly(permissions);
  if (readOnly) return;
  const found = (permissions.warnings ?? []).filter((warning) => warning.includes('the kubeconfig can ')).join('; ');
  const subject = `kubeconfig ${kubeconfig} of cluster ${cluster.name}`;
  if (readOnly === undefined) {
    throw new TriageEnded({ kind: 'retry', reason: `${subject} is not known to be read-only: ${found}` });
  }
  const advice =
    'give it a service account with the ClusterRole view, or set require_read_only=false, and requeue the incident';
  throw new TriageEnded({ kind: 'failed', reason: `${subject} is not read-only: ${found}; ${advice}` });
}
