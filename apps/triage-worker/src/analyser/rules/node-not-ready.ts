import { piecesOf } from '../../evidence/evidence.ts';
import { isKind, type Node } from '../../evidence/kubernetes-object.ts';
import { confidence } from '../diagnosis.ts';
import { eventsAbout, quoteEvents } from '../pod-case.ts';
import type { Rule } from '../rule.ts';
import { code, plain, show } from '../safe-text.ts';

/** A sort of node trouble, by the conditions that show it; most telling first. */
interface NodeTrouble {
  shows: (node: Node) => boolean;
  title: string;
  text: string;
  advice: string;
}

const has = (node: Node, type: string, status: string): boolean =>
  (node.status?.conditions ?? []).some((condition) => condition.type === type && condition.status === status);

const TROUBLES: readonly NodeTrouble[] = [
  {
    shows: (node) => has(node, 'Ready', 'Unknown'),
    title: 'its kubelet stopped posting its status',
    text: 'The kubelet has stopped posting its status: the machine is down, cut off from the API server, or the kubelet itself does not run.',
    advice:
      'Look at the machine itself (cloud console, SSH): is it up, does it reach the API server, and does the kubelet run (`systemctl status kubelet`, `journalctl -u kubelet`)?',
  },
  {
    shows: (node) => has(node, 'DiskPressure', 'True'),
    title: 'its disk is nearly full',
    text: 'The node is under disk pressure: its disk (or its inodes) are nearly used up, so pods are evicted and none are placed there.',
    advice: 'Free disk space on the node (images, logs, emptyDir volumes), and find out who fills it.',
  },
  {
    shows: (node) => has(node, 'MemoryPressure', 'True'),
    title: 'its memory is nearly used up',
    text: 'The node is under memory pressure, so pods are evicted and no further ones are placed there.',
    advice:
      'Find the pods that use more than they request (`kubectl top pods -A`), and set their requests and limits to what they need.',
  },
  {
    shows: (node) => has(node, 'PIDPressure', 'True'),
    title: 'it runs out of process ids',
    text: 'The node is under PID pressure: too many processes run on it.',
    advice: 'Find the pod that starts too many processes, and bound it (podPidsLimit).',
  },
  {
    shows: (node) => has(node, 'NetworkUnavailable', 'True'),
    title: 'its network is not set up',
    text: "The node's network is not configured: the network plug-in or the cloud's routes are missing.",
    advice: "Look at the network plug-in's pod on the node and, in a cloud, at the route controller.",
  },
  {
    shows: (node) => has(node, 'Ready', 'False'),
    title: 'its kubelet reports that it is not ready',
    text: 'The kubelet runs and reports that the node is not ready.',
    advice:
      'Read what the kubelet says in the condition: container runtime, network plug-in and certificates are the usual causes.',
  },
];

/** A node that is not healthy: the resource at fault, or the one under a pod that shows no trouble of its own. */
export const nodeNotReady: Rule = {
  name: 'node-not-ready',
  applies(evidence) {
    for (const { object, command } of piecesOf(evidence, 'object')) {
      if (!isKind(object, 'Node')) continue;
      const trouble = TROUBLES.find(({ shows }) => shows(object));
      if (trouble === undefined) continue;
      const name = object.metadata?.name ?? '';
      const conditions = object.status?.conditions ?? [];
      const ready = conditions.find(({ type }) => type === 'Ready');
      const events = eventsAbout(evidence, 'Node', name).filter(({ reason }) =>
        /NotReady|Pressure|Evict|Unreachable|Reboot|Unhealthy|FreeDisk|SystemOOM/i.test(reason),
      );
      const taints = (object.spec?.taints ?? []).map(({ key = '', effect = '' }) => `${key}:${effect}`);
      return {
        title: `Node ${plain(name)} is ${has(object, 'Ready', 'True') ? 'in trouble' : 'NotReady'}: ${trouble.title}`,
        summary: `The node ${code(name)} has Ready=${ready?.status ?? 'missing'}; ${trouble.title}. Its pods cannot be relied on.`,
        rootCause: `${trouble.text}${ready?.message ? ` The condition says: ${code(ready.message)}${ready.lastTransitionTime ? ` since ${code(ready.lastTransitionTime)}` : ''}.` : ''}`,
        confidence: confidence(
          70,
          events.length > 0,
          taints.some((taint) => taint.startsWith('node.kubernetes.io/')),
          trouble.title !== TROUBLES.at(-1)?.title,
        ),
        quotes: [
          {
            command,
            text: [
              ...conditions.map(
                ({ type, status, reason, message, lastTransitionTime }) =>
                  `${type}: ${status} (${reason}) since ${lastTransitionTime}: ${message}`,
              ),
              ...(taints.length > 0 ? [`taints: ${taints.join(', ')}`] : []),
            ].join('\n'),
          },
          ...quoteEvents(events),
        ],
        recommendations: [
          trouble.advice,
          `See which pods run there: ${show`kubectl get pods -A -o wide --field-selector spec.nodeName=${name}`}`,
          `See its whole state: ${show`kubectl describe node ${name}`}. If it does not come back, drain and replace it.`,
        ],
      };
    }
    return undefined;
  },
};
