import type { V1NodeSelectorTerm, V1Toleration } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { Node, Pod } from '../../../evidence/kubernetes-object.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { quantityOf } from '@nightcrier/core/kubernetes/quantity';

/** Why a node does not take a pod, as far as its objects show it. */
export type Obstacle = 'selector' | 'affinity' | 'cordon' | 'taint' | 'not_ready' | 'cpu' | 'memory';

/** The taint by which the node controller marks a cordoned node; cordon and taint are one obstacle. */
const CORDON_TAINT = 'node.kubernetes.io/unschedulable';

/** What keeps a pod from a node: nothing here means that the objects show no obstacle. */
export function obstaclesOf(view: ClusterView, pod: Pod, node: Node): Set<Obstacle> {
  const found = new Set<Obstacle>();
  // The kubelet labels each node with its name, unless told otherwise.
  const labels: Record<string, string | undefined> = {
    'kubernetes.io/hostname': node.metadata?.name,
    ...node.metadata?.labels,
  };
  const { nodeSelector, affinity, tolerations = [] } = pod.spec ?? {};
  if (Object.entries(nodeSelector ?? {}).some(([key, value]) => labels[key] !== value)) found.add('selector');
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms && !terms.some((term) => meets(term, labels, node.metadata?.name))) found.add('affinity');
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule');
  const tolerates = (key: string | undefined, value: string | undefined, effect: string | undefined) =>
    tolerations.some((toleration) => tolerated(toleration, { key, value, effect }));
  const cordoned = node.spec?.unschedulable === true || taints.some(({ key }) => key === CORDON_TAINT);
  if (cordoned && !tolerates(CORDON_TAINT, '', 'NoSchedule')) found.add('cordon');
  for (const { key, value, effect } of taints) {
    if (key === CORDON_TAINT || tolerates(key, value, effect)) continue;
    found.add(/^node\.kubernetes\.io\/(not-ready|unreachable)$/.test(key ?? '') ? 'not_ready' : 'taint');
  }
  for (const resource of ['cpu', 'memory'] as const) {
    const allocatable = quantityOf(node.status?.allocatable?.[resource] ?? '');
    const used = requestedOn(view, node, resource);
    if (allocatable !== undefined && used + requestOf(pod, resource) > allocatable) found.add(resource);
  }
  return found;
}

/** What the containers of a pod request of a resource: that of all containers, or of the largest init container. */
export function requestOf({ spec }: Pod, resource: 'cpu' | 'memory'): number {
  const amount = (requests: Record<string, string | undefined> | undefined) =>
    quantityOf(requests?.[resource] ?? '0') ?? 0;
  const main = (spec?.containers ?? []).reduce((sum, { resources }) => sum + amount(resources?.requests), 0);
  const init = Math.max(0, ...(spec?.initContainers ?? []).map(({ resources }) => amount(resources?.requests)));
  return Math.max(main, init);
}

/** What the pods that are known request on a node; pods of other namespaces may be missing. */
function requestedOn(view: ClusterView, node: Node, resource: 'cpu' | 'memory'): number {
  return view
    .all('Pod')
    .filter(
      ({ spec, status }) => spec?.nodeName === node.metadata?.name && !/Succeeded|Failed/.test(status?.phase ?? ''),
    )
    .reduce((sum, pod) => sum + requestOf(pod, resource), 0);
}

function tolerated(
  { key, operator = 'Equal', value, effect }: Wire<V1Toleration>,
  taint: { key: string | undefined; value: string | undefined; effect: string | undefined },
): boolean {
  if (effect !== undefined && effect !== '' && effect !== taint.effect) return false;
  if (key === undefined || key === '') return operator === 'Exists';
  return key === taint.key && (operator === 'Exists' || (value ?? '') === (taint.value ?? ''));
}

function meets(
  term: Wire<V1NodeSelectorTerm>,
  labels: Record<string, string | undefined>,
  name: string | undefined,
): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const holds = (value: string | undefined, operator: string | undefined, values: string[]) => {
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      case 'Gt':
        return Number(value) > Number(values[0]);
      case 'Lt':
        return Number(value) < Number(values[0]);
      default:
        return true;
    }
  };
  return (
    matchExpressions.every(({ key = '', operator, values = [] }) =>
      // A label can be called like a property that every object has.
      holds(Object.hasOwn(labels, key) ? labels[key] : undefined, operator, values),
    ) && matchFields.every(({ operator, values = [] }) => holds(name, operator, values))
  );
}
