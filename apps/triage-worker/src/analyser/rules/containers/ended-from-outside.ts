import type { Cause } from '@nightcrier/core/diagnosis/cause';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteEvents, quoteField } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { code, plain, show } from '../../safe-text.ts';

interface Ending {
  cause: Cause;
  words: string;
  isNode: boolean;
}

/** What ended the pod, by the reason of its status and its conditions; neither is of the application. */
function endingOf(reason: string, message: string, disruption: string | undefined): Ending | undefined {
  if (reason === 'NodeShutdown' || /node shutdown|node is shutting down/i.test(message))
    return { cause: 'node_shutdown', words: 'its node shuts down', isNode: true };
  if (reason === 'NodeLost') return { cause: 'kubelet_down', words: 'its node does not answer', isNode: true };
  if (reason === 'Preempting' || reason === 'Preempted' || disruption === 'PreemptionByScheduler')
    return { cause: 'pod_preempted', words: 'it made room for a pod of higher priority', isNode: false };
  if (reason === 'DeadlineExceeded')
    return { cause: 'job_deadline', words: 'it ran longer than its activeDeadlineSeconds', isNode: false };
  return undefined;
}

/** The pod was ended by its node, the scheduler or its deadline. */
export const endedFromOutside: PodRule = ({ pod, name, namespace, workload, events }) => {
  const { reason = '', message = '', conditions = [] } = pod.status ?? {};
  if (pod.status?.phase !== 'Failed') return undefined;
  // A pod that was ended and replaced does not speak for its workload.
  if (workload.pods.some((other) => other !== pod && other.status?.phase !== 'Failed')) return undefined;
  const disruption = conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  const ending = endingOf(reason, message, disruption?.reason);
  if (ending === undefined) return undefined;
  const node = pod.spec?.nodeName ?? '';
  return hypothesis({
    cause: ending.cause,
    culprit: ending.isNode && node !== '' ? { kind: 'Node', name: node } : culpritOf(workload),
    confidence: 90,
    title: `${plain(name)} was ended: ${plain(ending.words)}${ending.isNode ? ` (${plain(node)})` : ''}`,
    statement: `The pod ${code(name)} was ended: ${ending.words}. Its status says: ${code(`${reason}: ${message || (disruption?.message ?? '')}`, 400)}.`,
    evidence: [
      quoteField(pod, 'status', { reason, message, ...(disruption && { DisruptionTarget: disruption.reason }) }),
      ...quoteEvents(events, 2),
    ],
    actions: [
      ending.isNode
        ? `See the node: ${show`kubectl describe node ${node}`}`
        : `See whether there is a replacement: ${show`kubectl get pods -n ${namespace} -o wide`}`,
    ],
  });
};
