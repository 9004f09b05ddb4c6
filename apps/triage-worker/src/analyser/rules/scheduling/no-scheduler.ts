import { culpritOf, hypothesis } from '../../hypothesis.ts';
import type { Culprit } from '@nightcrier/core/diagnosis/diagnosis';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { quoteField } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { code, plain } from '../../safe-text.ts';

/** A scheduler reports within a second; longer than this it has not seen the pod. */
const SEEN_WITHIN_MS = 20_000;

/** A pod without a node about which no scheduler has said anything. */
export const noScheduler: PodRule = ({ view, pod, name, namespace, events, workload }) => {
  if (pod.spec?.nodeName || pod.status?.phase !== 'Pending') return undefined;
  const reported = (pod.status?.conditions ?? []).some(({ type }) => type === 'PodScheduled');
  if (reported || events.some(({ reason }) => reason === 'FailedScheduling' || reason === 'Scheduled'))
    return undefined;
  const age = view.now - Date.parse(pod.metadata?.creationTimestamp ?? '');
  if (!(age > SEEN_WITHIN_MS)) return undefined;
  const own = pod.spec?.schedulerName ?? 'default-scheduler';
  const isDefault = own === 'default-scheduler';
  const waiting = view
    .all('Pod', namespace)
    .filter((it) => it.spec?.nodeName === undefined && (it.spec?.schedulerName ?? 'default-scheduler') === own);
  return hypothesis({
    cause: 'scheduler_down',
    culprit: isDefault ? schedulerOf(view) : culpritOf(workload, undefined, 'spec.schedulerName'),
    confidence: 88,
    title: `The scheduler ${plain(own)} does not run`,
    statement: `The pod ${code(name)} has waited ${String(Math.round(age / 1000))} s for a node, and no scheduler has reported anything about it: ${code(own)} does not run or cannot reach the API server. ${String(waiting.length)} pods of the namespace wait for it.`,
    evidence: [quoteField(pod, 'status', pod.status ?? {})],
    actions: [
      'Check the scheduler on the control plane: `kubectl get pods -n kube-system -l component=kube-scheduler` or, where it is no pod, `systemctl status kube-scheduler`',
    ],
    ruledOut: [{ what: 'no node fits', because: 'the scheduler would say so in the PodScheduled condition' }],
  });
};

/** The scheduler as its pod, or on the only node of the control plane. */
function schedulerOf(view: ClusterView): Culprit {
  const isControl = (labels: Record<string, string | undefined>) =>
    Object.entries(labels).some(
      ([key, value]) =>
        /node-role\.kubernetes\.io\/(control-plane|master)$/.test(key) ||
        (key === 'kubernetes.io/role' && value === 'master'),
    );
  const planes = view.all('Node').filter(({ metadata }) => isControl(metadata?.labels ?? {}));
  const [only] = planes;
  if (planes.length === 1 && only?.metadata?.name)
    return { kind: 'Node', name: only.metadata.name, field: 'kube-scheduler' };
  return { kind: 'Pod', namespace: 'kube-system', name: 'kube-scheduler' };
}
