import type { Cause } from '@nightcrier/core/diagnosis/cause';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteEvents, quoteField } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { code, plain, show } from '../../safe-text.ts';

/** The node evicted the pod because it ran short of something, or because the pod exceeded a limit of its own. */
export const evicted: PodRule = ({ pod, name, namespace, workload, events, view }) => {
  const { reason, message = '' } = pod.status ?? {};
  if (reason !== 'Evicted') return undefined;
  // A pod that was evicted long ago and replaced does not speak for its workload.
  if (workload.pods.some((other) => other !== pod && other.status?.phase !== 'Failed')) return undefined;
  const shortage = /low on resource: ([\w-]+)/.exec(message)?.[1];
  const exceeded = /(?:Usage of|exceeds|exceeded) .{0,100}limit/i.test(message);
  const user =
    /Container ([\w.-]+) was using ([^,]{1,40}), (?:which exceeds its )?request (?:is|of|was) ([^,.]{1,40})/.exec(
      message,
    );
  const node = pod.spec?.nodeName ?? '';
  const cause: Cause = exceeded
    ? 'pod_evicted'
    : shortage === 'memory'
      ? 'node_memory_pressure'
      : shortage === 'pids'
        ? 'node_pid_pressure'
        : shortage
          ? 'node_disk_pressure'
          : 'pod_evicted';
  const isNode = !exceeded && shortage !== undefined && node !== '';
  return hypothesis({
    cause,
    culprit: isNode ? { kind: 'Node', name: node } : culpritOf(workload),
    confidence: shortage || exceeded ? 92 : 65,
    title: exceeded
      ? `${plain(name)} was evicted: it exceeded its own limit`
      : `${plain(name)} was evicted: node ${plain(node)} low on ${plain(shortage ?? 'resources')}`,
    statement: `The kubelet of ${code(node)} evicted the pod${shortage ? `, because the node ran low on ${code(shortage)}` : ''}.${user ? ` The container ${code(user[1] ?? '')} used ${code(user[2] ?? '')} against a request of ${code(user[3] ?? '')}.` : ''} It says: ${code(message, 400)}.`,
    evidence: [
      quoteField(pod, 'status', { reason, message }),
      ...quoteEvents(
        events.filter((event) => event.reason === 'Evicted'),
        2,
      ),
      ...quoteEvents(
        view.eventsAbout('Node', node).filter((event) => /Pressure|FreeDisk|Evict/.test(event.reason)),
        2,
      ),
    ],
    actions: [
      `See what the node has left: ${show`kubectl describe node ${node}`}`,
      `See whether there is a replacement: ${show`kubectl get pods -n ${namespace} -o wide`}`,
    ],
  });
};
