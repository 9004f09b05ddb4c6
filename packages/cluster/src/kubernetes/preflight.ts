import type { V1SelfSubjectAccessReview, V1SelfSubjectRulesReview } from '@kubernetes/client-node';
import type { ClusterPermissions } from '@nightcrier/core/cluster-permissions';
import { openKubernetes, type Kubernetes } from './client.ts';
import { isClusterAway, KubernetesError, reasonOf } from './kubernetes-error.ts';
import { permissionTable } from './permission-table.ts';
import type { Wire } from './wire.ts';

/** Something that triage wants to `get`, in all namespaces. `warning` is what design.md says when it may not. */
interface Check {
  field: keyof ClusterPermissions & `can_get_${string}`;
  resource: string;
  subresource?: string;
  group?: string;
  warning?: string;
}

/** The order is that of the warnings. */
const CHECKS: readonly Check[] = [
  { field: 'can_get_pods', resource: 'pods', warning: 'cannot get pods' },
  { field: 'can_get_logs', resource: 'pods', subresource: 'log', warning: 'cannot get pod logs' },
  { field: 'can_get_events', resource: 'events', warning: 'cannot get events' },
  { field: 'can_get_deployments', resource: 'deployments', group: 'apps' },
  { field: 'can_get_services', resource: 'services' },
  { field: 'can_get_nodes', resource: 'nodes', warning: 'cannot get nodes' },
];

/** Asked only when the configuration allows access to secrets. */
const SECRETS_CHECKS: readonly Check[] = [
  {
    field: 'can_get_secrets',
    resource: 'secrets',
    warning: 'secrets access enabled but RBAC denies it (Helm data unavailable)',
  },
  { field: 'can_get_configmaps', resource: 'configmaps' },
];

const SECRETS_DISABLED = 'secrets access disabled by config (set triage.allow_secrets_access=true for Helm debugging)';

/** A check's answer; `failure` says why there is none, or why it may be wrong. */
interface Answer {
  allowed: boolean;
  failure?: string;
}

/**
 * Asks the cluster what the kubeconfig may do (design.md, "Preflight Permission Validation"): all checks at once, in
 * all namespaces. A check that cannot be answered counts as not allowed, and a warning names it and says why.
 * @throws KubernetesError when the kubeconfig is bad, the API server is out of reach or rejects the credentials; its
 *   message names the cluster, the server and the cause. The caller decides what that means.
 */
export async function checkPermissions(options: {
  clusterName: string;
  /** Path of the kubeconfig. */
  kubeconfig: string;
  allowSecretsAccess: boolean;
  now?: () => Date;
  signal?: AbortSignal;
}): Promise<ClusterPermissions> {
  const { clusterName, allowSecretsAccess, now = () => new Date(), signal } = options;
  const checks = allowSecretsAccess ? [...CHECKS, ...SECRETS_CHECKS] : CHECKS;
  try {
    await using kubernetes = await openKubernetes(options.kubeconfig);
    const [table, ...answers] = await Promise.all([
      listPermissions(kubernetes, signal),
      ...checks.map((check) => ask(kubernetes, check, signal)),
    ]);
    const allowed = new Map(checks.map(({ field }, index) => [field, answers[index]?.allowed ?? false]));
    const warnings = checks.flatMap((check, index) => warningOf(check, answers[index]) ?? []);
    if (!allowSecretsAccess) warnings.push(SECRETS_DISABLED);
    if (table.failure !== undefined) warnings.push(table.failure);
    return {
      cluster_name: clusterName,
      validated_at: now().toISOString(),
      can_get_pods: allowed.get('can_get_pods') ?? false,
      can_get_logs: allowed.get('can_get_logs') ?? false,
      can_get_events: allowed.get('can_get_events') ?? false,
      can_get_deployments: allowed.get('can_get_deployments') ?? false,
      can_get_services: allowed.get('can_get_services') ?? false,
      secrets_access_allowed: allowSecretsAccess,
      can_get_secrets: allowed.get('can_get_secrets') ?? false,
      can_get_configmaps: allowed.get('can_get_configmaps') ?? false,
      can_get_nodes: allowed.get('can_get_nodes') ?? false,
      ...(table.text !== undefined && { raw_output: table.text }),
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

async function ask(kubernetes: Kubernetes, check: Check, signal: AbortSignal | undefined): Promise<Answer> {
  const { resource, subresource, group = '' } = check;
  // An empty namespace means all of them.
  const resourceAttributes = { namespace: '', verb: 'get', group, resource, subresource };
  try {
    const { status } = await kubernetes.selfReview<Wire<V1SelfSubjectAccessReview>>(
      'selfsubjectaccessreviews',
      { resourceAttributes },
      { signal },
    );
    if (typeof status?.allowed !== 'boolean') return { allowed: false, failure: 'the answer has no status.allowed' };
    return { allowed: status.allowed, ...(status.evaluationError && { failure: status.evaluationError }) };
  } catch (error) {
    if (!(error instanceof KubernetesError) || isFatal(error)) throw error;
    return { allowed: false, failure: error.message };
  }
}

function warningOf(check: Check, answer: Answer | undefined): string | undefined {
  if (answer === undefined || answer.allowed) return undefined;
  if (answer.failure === undefined) return check.warning;
  const resource = check.subresource === undefined ? check.resource : `${check.resource}/${check.subresource}`;
  return `could not find out whether ${resource} can be read: ${answer.failure}`;
}

/** The table of `kubectl auth can-i --list` for the context's namespace. */
async function listPermissions(
  kubernetes: Kubernetes,
  signal: AbortSignal | undefined,
): Promise<{ text?: string; failure?: string }> {
  const { namespace } = kubernetes;
  try {
    const { status } = await kubernetes.selfReview<Wire<V1SelfSubjectRulesReview>>(
      'selfsubjectrulesreviews',
      { namespace },
      { signal },
    );
    const text = permissionTable(status ?? {});
    if (!status?.incomplete) return { text };
    return { text, failure: `the list may be incomplete: ${status.evaluationError || 'the server gives no reason'}` };
  } catch (error) {
    if (!(error instanceof KubernetesError) || isFatal(error)) throw error;
    return { failure: `could not list the permissions: ${reasonOf(error)}` };
  }
}

/** Without any answer there is nothing to report: a server that stays silent is as good as out of reach. */
function isFatal(error: KubernetesError): boolean {
  return error.code === 'timeout' || isClusterAway(error);
}
