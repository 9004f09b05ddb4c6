import type { RuledOut } from '@nightcrier/core/diagnosis/diagnosis';
import { quantityOf } from '@nightcrier/core/kubernetes/quantity';
import { containerStatuses } from '../evidence/pod-trouble.ts';
import type { ClusterView } from '../evidence/view/cluster-view.ts';
import type { Workload } from '../evidence/view/workload.ts';
import { nodeTrouble } from './rules/nodes/node.ts';

/** What was checked about the workloads of a fault and is in order: where no cause was found, a reader need not look there. */
export function whatIsWell(view: ClusterView, workloads: Workload[]): RuledOut[] {
  const pods = workloads.flatMap((workload) => workload.pods);
  const namespaces = new Set(workloads.map(({ namespace }) => namespace));
  const found: (RuledOut | false)[] = [];
  if (pods.length > 0) {
    const statuses = pods.flatMap(containerStatuses);
    const nodes = pods.flatMap(({ spec }) => view.get('Node', spec?.nodeName) ?? []);
    const claims = pods.flatMap(({ spec, metadata }) =>
      (spec?.volumes ?? []).flatMap(
        ({ persistentVolumeClaim: claim }) =>
          view.get('PersistentVolumeClaim', claim?.claimName, metadata?.namespace) ?? [],
      ),
    );
    const ended = statuses.flatMap(({ state, lastState }) => [state?.terminated, lastState?.terminated]);
    found.push(
      pods.every(({ spec }) => spec?.nodeName !== undefined) && { what: 'scheduling', because: 'each pod has a node' },
      nodes.length > 0 &&
        nodes.every((node) => nodeTrouble(view, node) === undefined) && {
          what: 'the nodes of the pods',
          because: 'their conditions are in order',
        },
      statuses.length > 0 &&
        statuses.every(({ state }) => !/Image|ErrImage/.test(state?.waiting?.reason ?? '')) && {
          what: 'the images',
          because: 'no container waits for one',
        },
      statuses.length > 0 &&
        ended.every((end) => end?.reason !== 'OOMKilled') && { what: 'memory', because: 'no container was OOMKilled' },
      claims.length > 0 &&
        claims.every(({ status }) => status?.phase === 'Bound') && { what: 'the claims', because: 'each is bound' },
    );
  }
  for (const namespace of namespaces) {
    const quotas = view.all('ResourceQuota', namespace);
    const isFull = quotas.some(({ status }) =>
      Object.entries(status?.hard ?? {}).some(
        ([key, hard]) => (quantityOf(status?.used?.[key] ?? '0') ?? 0) >= (quantityOf(hard ?? '') ?? Infinity),
      ),
    );
    if (view.isComplete('ResourceQuota', namespace) && !isFull)
      found.push({
        what: `quotas of ${namespace}`,
        because: quotas.length === 0 ? 'there are none' : 'none is used up',
      });
  }
  return found.filter((it) => it !== false);
}
