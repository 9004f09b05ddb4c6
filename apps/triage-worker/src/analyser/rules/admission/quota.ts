import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import { isKind, type KubernetesObject } from '../../../evidence/kubernetes-object.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { workloadsIn } from '../../../evidence/view/workload.ts';
import { hypothesis } from '../../hypothesis.ts';
import { quantityOf } from '@nightcrier/core/kubernetes/quantity';
import { quoteField } from '../../quotes.ts';
import { code, plain, show } from '../../safe-text.ts';
import { addressTrouble } from '../network/address.ts';
import { quotaCause } from './refusals.ts';
import { refused } from './refused.ts';

/** A ResourceQuota (or those of a Namespace) that is used up: what it refuses first, else that it is full. */
export function quotaTrouble(view: ClusterView, object: KubernetesObject): Hypothesis | undefined {
  const namespace = object.kind === 'Namespace' ? (object.metadata?.name ?? '') : (object.metadata?.namespace ?? '');
  for (const workload of workloadsIn(view, namespace)) {
    const found = refused(view, workload) ?? addressTrouble(view, workload);
    if (found?.cause.startsWith('quota_')) return found;
  }
  const quotas = isKind(object, 'ResourceQuota') ? [object] : view.all('ResourceQuota', namespace);
  for (const quota of quotas) {
    const { hard = {}, used = {} } = quota.status ?? {};
    const full = Object.entries(hard).find(
      ([key, value]) =>
        (quantityOf((Object.hasOwn(used, key) && used[key]) || '0') ?? 0) >= (quantityOf(value ?? '') ?? Infinity),
    );
    if (full === undefined) continue;
    const name = quota.metadata?.name ?? '';
    return hypothesis({
      cause: quotaCause(full[0]),
      culprit: { kind: 'Namespace', name: namespace, field: `ResourceQuota/${name}` },
      confidence: 70,
      title: `The ResourceQuota ${plain(name)} of the namespace ${plain(namespace)} is used up`,
      statement: `The ResourceQuota ${code(name)} allows ${code(`${full[0]}=${full[1]}`)}, all of which is used: nothing more can be created.`,
      evidence: [quoteField(quota, 'status', quota.status ?? {})],
      actions: [`See what uses it: ${show`kubectl describe resourcequota -n ${namespace} ${name}`}`],
    });
  }
  return undefined;
}
