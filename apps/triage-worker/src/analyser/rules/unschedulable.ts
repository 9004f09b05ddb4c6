import { quantity } from '../quantity.ts';
import { confidence } from '../diagnosis.ts';
import { quoteEvents, type PodCase } from '../pod-case.ts';
import type { PodRule } from '../rule.ts';
import { code, plain, show } from '../safe-text.ts';

/** A reason of the scheduler's, and what to do about it. */
interface Obstacle {
  pattern: RegExp;
  name: string;
  advice: string;
}

const OBSTACLES: readonly Obstacle[] = [
  {
    pattern: /Insufficient memory/i,
    name: 'insufficient memory',
    advice: "Lower the pod's memory request to what it needs, or add a node that is large enough.",
  },
  {
    pattern: /Insufficient cpu/i,
    name: 'insufficient CPU',
    advice: "Lower the pod's CPU request to what it needs, or add nodes.",
  },
  {
    pattern: /Insufficient ephemeral-storage/i,
    name: 'insufficient ephemeral storage',
    advice: 'Lower the ephemeral-storage request, or add a node with a larger disk.',
  },
  {
    pattern: /Insufficient (nvidia\.com\/gpu|\S+\/\S+)/i,
    name: 'no free device',
    advice: 'Add a node with such a device, or wait until one is free; check that its device plug-in runs.',
  },
  {
    pattern: /Too many pods/i,
    name: 'nodes that are full of pods',
    advice: 'Add nodes, or raise the number of pods per node.',
  },
  {
    pattern: /unbound immediate PersistentVolumeClaims?|persistentvolumeclaim ".*" (not found|is being deleted)/i,
    name: 'a volume claim that is not bound',
    advice: 'Look at the claim: its storage class, its provisioner, and whether a volume fits.',
  },
  {
    pattern:
      /volume node affinity conflict|didn't find available persistent volumes|node\(s\) exceed max volume count/i,
    name: 'a volume that the nodes cannot reach',
    advice:
      'The volume lives in another zone or node than the pod may run in: let the pod run there, or make the volume anew.',
  },
  {
    pattern: /didn't match Pod's node affinity\/selector|didn't match node selector/i,
    name: 'a node selector or affinity that no node meets',
    advice: 'Compare nodeSelector and nodeAffinity of the pod with the labels of the nodes.',
  },
  {
    pattern: /didn't match pod (anti-)?affinity|anti-affinity rules/i,
    name: 'a pod (anti-)affinity that no node meets',
    advice: 'Check the pod (anti-)affinity rules: with required anti-affinity there must be a node per replica.',
  },
  {
    pattern: /topology spread constraints/i,
    name: 'topology spread constraints that cannot be met',
    advice: 'Relax maxSkew or whenUnsatisfiable, or add nodes in the missing zones.',
  },
  {
    pattern: /untolerated taint|had taints? .* that the pod didn't tolerate/i,
    name: 'taints that the pod does not tolerate',
    advice: 'Give the pod a toleration for the taint, or remove the taint if it is a left-over.',
  },
  {
    pattern: /were unschedulable|node\(s\) were not ready/i,
    name: 'cordoned or unready nodes',
    advice: 'Uncordon or mend the nodes.',
  },
  {
    pattern: /didn't have free ports/i,
    name: 'a host port that is taken on every node',
    advice: 'Drop hostPort, or run fewer of these pods than nodes.',
  },
];

/** No node takes the pod. A pod that has a node is past this. */
export const unschedulable: PodRule = {
  name: 'unschedulable',
  applies(podCase) {
    const { pod, name, namespace, command } = podCase;
    if (pod.spec?.nodeName) return undefined;
    const condition = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
    const events = podCase.events.filter(({ reason }) => reason === 'FailedScheduling');
    const message = condition?.message ?? events[0]?.message;
    if (message === undefined || (condition?.reason !== 'Unschedulable' && events.length === 0)) return undefined;
    // What follows is about preemption, which repeats the counts and explains nothing.
    const verdict = message.split(/\.? (?:no new claims to deallocate|preemption:)/)[0] ?? message;
    const obstacles = OBSTACLES.filter(({ pattern }) => pattern.test(verdict));
    const available = /(\d+\/\d+) nodes are available/.exec(verdict)?.[1];
    const shortage = memoryShortage(podCase);
    const names = obstacles.map((obstacle) => obstacle.name).join(', ') || 'no node fits';
    return {
      title: `Pod ${plain(name)} cannot be scheduled: ${names}`,
      summary: `The scheduler finds no node for the pod ${code(name)}${available ? ` (${available} nodes are available)` : ''}: ${names}.`,
      rootCause: [
        `No node meets what the pod asks for: ${names}.`,
        /Insufficient memory/i.test(verdict) ? (shortage ?? '') : '',
        `The scheduler says: ${code(verdict)}.`,
      ]
        .filter(Boolean)
        .join(' '),
      confidence: confidence(
        obstacles.length > 0 ? 75 : 50,
        condition !== undefined,
        events.length > 0,
        shortage !== undefined,
      ),
      quotes: [
        ...(condition
          ? [{ command, text: `status.conditions[PodScheduled]: ${condition.status}, ${condition.reason}\n${message}` }]
          : []),
        ...quoteEvents(events),
      ],
      recommendations: [
        ...obstacles.map(({ advice }) => advice),
        `Compare what the pod asks for with what the nodes have: ${show`kubectl get pod -n ${namespace} ${name} -o yaml`} and ${show`kubectl describe nodes`}`,
      ],
    };
  },
};

/** Says so when the pod's memory request is beyond every node, however empty. */
function memoryShortage({ pod, nodes }: PodCase): string | undefined {
  const requests = (pod.spec?.containers ?? []).flatMap(({ resources }) => resources?.requests?.['memory'] ?? []);
  const allocatable = nodes.flatMap(({ status }) => status?.allocatable?.['memory'] ?? []);
  const requested = requests.reduce((sum, request) => sum + (quantity(request) ?? 0), 0);
  const sorted = allocatable
    .flatMap((text) => ({ text, bytes: quantity(text) ?? 0 }))
    .sort((a, b) => b.bytes - a.bytes);
  const [largest] = sorted;
  if (largest === undefined || requested <= largest.bytes) return undefined;
  return `The pod requests ${code(requests.join(' + '))} of memory, and the largest of the ${sorted.length} nodes looked at has ${code(largest.text)} allocatable in all.`;
}
