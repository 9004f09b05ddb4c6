import { confidence } from '../diagnosis.ts';
import { quoteEvents } from '../pod-case.ts';
import type { PodRule } from '../rule.ts';
import { code, plain, show } from '../safe-text.ts';

/** The node threw the pod out because it ran short of something. */
export const evicted: PodRule = {
  name: 'evicted',
  applies(podCase) {
    const { pod, name, namespace, command } = podCase;
    const { reason, message = '' } = pod.status ?? {};
    if (reason !== 'Evicted') return undefined;
    const shortage = /low on resource: ([\w-]+)/.exec(message)?.[1];
    const culprit = /Container ([\w.-]+) was using ([^,]+), (?:which exceeds its )?request (?:is|of) ([^,.]+)/.exec(
      message,
    );
    const exceeded = /(?:Usage of|exceeds) .*limit/i.test(message);
    const node = pod.spec?.nodeName ?? 'the node';
    const events = podCase.events.filter((event) => event.reason === 'Evicted');
    return {
      title: `Pod ${plain(name)} evicted: ${plain(shortage ? `node low on ${shortage}` : 'node short of resources')}`,
      summary: `The kubelet of ${code(node)} evicted the pod ${code(name)}.`,
      rootCause: [
        shortage
          ? `The node ${code(node)} ran low on ${code(shortage)}, so its kubelet evicted the pod.`
          : exceeded
            ? 'The pod used more than a limit of its own allows, so the kubelet evicted it.'
            : `The kubelet of ${code(node)} evicted the pod.`,
        culprit?.[1] && culprit[2] && culprit[3]
          ? `Container ${code(culprit[1])} was using ${code(culprit[2])} against a request of ${code(culprit[3])}.`
          : '',
        `The kubelet says: ${code(message)}.`,
      ]
        .filter(Boolean)
        .join(' '),
      confidence: confidence(shortage || exceeded ? 82 : 70, culprit !== null, events.length > 0),
      quotes: [{ command, text: `status.reason: Evicted\nstatus.message: ${message}` }, ...quoteEvents(events)],
      recommendations: [
        `See what the node has left: ${show`kubectl describe node ${node}`}`,
        `Set the request for ${code(shortage ?? 'the resource')} of the container to what it really uses, so that the scheduler plans for it and it is not evicted first.`,
        `See whether the workload got a replacement: ${show`kubectl get pods -n ${namespace} -o wide`}`,
      ],
    };
  },
};
