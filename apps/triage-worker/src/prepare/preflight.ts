import { KubernetesError } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import {
  type ClusterPermissions,
  describeExcess,
  isReadOnly,
  minimumPermissionsMet,
} from '@nightcrier/core/permissions/cluster-permissions';
import type { Claim } from '../claim.ts';
import type { TriageContext } from '../triage-context.ts';
import { TriageEnded } from '../triage-ended.ts';
import { throttledOutcome } from './throttled-cluster.ts';

/**
 * Checks the permissions of the kubeconfig in the namespace of the incident, with an answer that is at most an hour old. The
 * worker asks itself: the ingester's answer is about all namespaces, and may be old or about another kubeconfig. Missing
 * read permissions only leave gaps in the evidence; with `require_read_only`, which is the default where no gateway is
 * in between, more than read permissions end the run.
 * @throws TriageEnded `retry` when the cluster does not answer, `failed` when the kubeconfig is invalid or can write
 */
export async function preflight(claim: Claim, context: TriageContext): Promise<ClusterPermissions> {
  const { config, logger } = context;
  const permissions = await ask(claim, context);
  const { warnings } = permissions;
  if (config.require_read_only ?? config.kube_access === 'direct') requireReadOnly(permissions, claim);
  else if (isReadOnly(permissions) === false) {
    logger.warn(
      { findings: describeExcess(permissions) },
      'kubeconfig is not read-only; the gateway passes on reads only',
    );
  }
  if (!minimumPermissionsMet(permissions)) {
    logger.warn({ warnings }, 'cluster permissions insufficient for full triage');
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
    const throttled = throttledOutcome(cause);
    if (throttled) throw new TriageEnded(throttled, { cause });
    const kind = cause.code === 'kubeconfig' ? 'failed' : 'retry';
    throw new TriageEnded({ kind, reason: cause.message }, { cause });
  }
}

function requireReadOnly(permissions: ClusterPermissions, { cluster, kubeconfig }: Claim): void {
  const readOnly = isReadOnly(permissions);
  if (readOnly) return;
  const found = describeExcess(permissions).join('; ');
  const subject = `kubeconfig ${kubeconfig} of cluster ${cluster.name}`;
  if (readOnly === undefined) {
    throw new TriageEnded({ kind: 'retry', reason: `${subject} is not known to be read-only: ${found}` });
  }
  const advice =
    'give it a service account with the ClusterRole view, or set require_read_only=false, and requeue the incident';
  throw new TriageEnded({ kind: 'failed', reason: `${subject} is not read-only: ${found}; ${advice}` });
}
