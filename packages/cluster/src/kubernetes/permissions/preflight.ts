import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import { describeWriteFinding, type WriteFinding } from '@nightcrier/core/permissions/write-finding';
import type { AccessScope } from './access-review.ts';
import { openKubernetes } from '../client.ts';
import { KubernetesError } from '../kubernetes-error.ts';
import { surveyRules } from './namespace-rules.ts';
import { permissionTable } from './permission-table.ts';
import { checkReading } from './read-checks.ts';
import { checkWatching, type WatchedResource } from './watch-checks.ts';
import { checkWriting } from './write-checks.ts';

/** What is to be found out about which kubeconfig. */
export interface PermissionQuestion {
  clusterName: string;
  /** Path of the kubeconfig. */
  kubeconfig: string;
  allowSecretsAccess: boolean;
  /** Where it must be able to read, if it cannot everywhere, and where its writing is judged first. */
  namespace?: string | undefined;
  /** Kinds that the kubeconfig must be able to list and watch, where a watch with it feeds detection. */
  watched?: readonly WatchedResource[] | undefined;
  /** Where it must not be able to write besides: everywhere (default), or only in namespaces that contexts and rules name. */
  extent?: 'all' | 'named';
}

/** Checks on the way to one cluster at a time. A handshake costs more than several of them, so they share a few connections. */
const CONCURRENCY = 3;

/**
 * Asks the cluster what the kubeconfig may do (design.md, "Preflight Permission Validation"), and whether it may do more
 * than read, in any namespace. The number of requests is bounded. A check that cannot be answered counts as not allowed, and a warning
 * names it and says why.
 * @throws KubernetesError when the kubeconfig is bad, the API server is out of reach or rejects the credentials; its
 *   message names the cluster, the server and the cause. The caller decides what that means.
 */
export async function checkPermissions(
  options: PermissionQuestion & { now?: () => Date; signal?: AbortSignal },
): Promise<ClusterPermissions> {
  const { clusterName, allowSecretsAccess, namespace = '', watched = [], extent = 'all', signal } = options;
  const { now = () => new Date() } = options;
  try {
    await using kubernetes = await openKubernetes(options.kubeconfig, { concurrency: CONCURRENCY });
    const scope: AccessScope = { kubernetes, namespace, signal };
    const surveying = surveyRules(scope, extent);
    const [{ own }, reading, watching, writing] = await Promise.all([
      surveying,
      checkReading(scope, allowSecretsAccess),
      checkWatching(scope, watched),
      checkWriting(scope, surveying, allowSecretsAccess),
    ]);
    const { findings, secretsReadable, warnings: extentOfCheck, ...write } = writing;
    const warnings = [
      ...reading.warnings,
      ...watching.warnings,
      ...findings.map(warningOf),
      ...extentOfCheck,
      ...(own.failure === undefined ? [] : [own.failure]),
    ];
    const { allowed, limited } = reading;
    return {
      cluster_name: clusterName,
      validated_at: now().toISOString(),
      can_get_pods: allowed.has('can_get_pods'),
      can_get_logs: allowed.has('can_get_logs'),
      can_get_events: allowed.has('can_get_events'),
      can_get_deployments: allowed.has('can_get_deployments'),
      can_get_services: allowed.has('can_get_services'),
      secrets_access_allowed: allowSecretsAccess,
      can_get_secrets: allowed.has('can_get_secrets'),
      can_get_configmaps: allowed.has('can_get_configmaps'),
      can_get_nodes: allowed.has('can_get_nodes'),
      ...write,
      ...(findings.length > 0 && { write_findings: findings }),
      ...(secretsReadable !== undefined && { secrets_readable: secretsReadable }),
      ...(limited && { limited_to_namespace: namespace }),
      ...(watching.warnings.length > 0 && { cannot_watch: watching.missing }),
      ...(own.status && { raw_output: permissionTable(own.status) }),
      ...(warnings.length > 0 && { warnings }),
    };
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    throw new KubernetesError(error.code, `cluster ${clusterName}: permission check failed: ${error.message}`, {
      status: error.status,
      cause: error,
    });
  }
}

function warningOf(finding: WriteFinding): string {
  const text = describeWriteFinding(finding);
  return finding.result === 'allowed' ? `${text}; make it a read-only one` : text;
}
