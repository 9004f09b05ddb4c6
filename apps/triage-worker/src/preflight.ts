import { KubernetesError } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import { checkPermissions } from '@nightcrier/cluster/kubernetes/preflight';
import { type ClusterPermissions, minimumPermissionsMet } from '@nightcrier/core/cluster-permissions';
import type { Claim } from './claim.ts';
import type { TriageContext } from './triage-context.ts';
import { TriageEnded } from './triage-ended.ts';

/**
 * What the kubeconfig may do. The ingester asked at its start and the answer travels with the fault; it is
 * asked again when there was no answer, or when access to secrets has been configured differently since.
 * Missing permissions do not stop an investigation, which then finds out less.
 * @throws TriageEnded `retry` when the cluster does not answer, `failed` when the kubeconfig is no good
 */
export async function preflight(
  { incident, cluster, kubeconfig }: Claim,
  { signal, logger }: TriageContext,
): Promise<ClusterPermissions> {
  const known = incident.cluster_event.permissions;
  const allowSecretsAccess = cluster.triage.allow_secrets_access;
  const permissions =
    known?.secrets_access_allowed === allowSecretsAccess
      ? known
      : await ask({ clusterName: cluster.name, kubeconfig, allowSecretsAccess, signal });
  if (!minimumPermissionsMet(permissions)) {
    logger.warn({ warnings: permissions.warnings }, 'cluster has insufficient permissions for full triage');
  }
  return permissions;
}

async function ask(question: Parameters<typeof checkPermissions>[0]): Promise<ClusterPermissions> {
  try {
    return await checkPermissions(question);
  } catch (cause) {
    if (!(cause instanceof KubernetesError)) throw cause;
    const kind = cause.code === 'kubeconfig' ? 'failed' : 'retry';
    throw new TriageEnded({ kind, reason: cause.message }, { cause });
  }
}
