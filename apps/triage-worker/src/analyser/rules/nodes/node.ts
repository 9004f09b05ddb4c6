import type { Cause } from '@nightcrier/core/diagnosis/cause';
import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { Node } from '../../../evidence/kubernetes-object.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { hypothesis } from '../../hypothesis.ts';
import { quoteEvents, quoteField } from '../../quotes.ts';
import { code, plain, show } from '../../safe-text.ts';

interface NodeTrouble {
  cause: Cause;
  applies: (node: Node, view: ClusterView) => boolean;
  words: string;
  confidence: number;
}

const condition = (node: Node, type: string) => (node.status?.conditions ?? []).find((it) => it.type === type);
const is = (node: Node, type: string, status: string) => condition(node, type)?.status === status;
const readyMessage = (node: Node) => condition(node, 'Ready')?.message ?? '';

/** Most telling first. The messages are those of the kubelet and the node controller. */
const TROUBLES: readonly NodeTrouble[] = [
  {
    cause: 'kubelet_down',
    applies: (node) => is(node, 'Ready', 'Unknown'),
    words: 'its kubelet stopped posting its status',
    confidence: 90,
  },
  {
    cause: 'container_runtime_down',
    applies: (node) =>
      is(node, 'Ready', 'False') &&
      /container runtime is down|runtime not ready: RuntimeReady=false|(containerd|crio|docker)\.sock/.test(
        readyMessage(node),
      ),
    words: 'its container runtime does not answer',
    confidence: 94,
  },
  {
    cause: 'node_network_unavailable',
    applies: (node) =>
      is(node, 'NetworkUnavailable', 'True') ||
      (is(node, 'Ready', 'False') && /NetworkPluginNotReady|NetworkReady=false|cni/i.test(readyMessage(node))),
    words: 'its network is not set up',
    confidence: 92,
  },
  {
    cause: 'node_disk_pressure',
    applies: (node) => is(node, 'DiskPressure', 'True'),
    words: 'its disk is nearly full',
    confidence: 93,
  },
  {
    cause: 'node_memory_pressure',
    applies: (node) => is(node, 'MemoryPressure', 'True'),
    words: 'its memory is nearly used up',
    confidence: 93,
  },
  {
    cause: 'node_pid_pressure',
    applies: (node) => is(node, 'PIDPressure', 'True'),
    words: 'too many processes run on it',
    confidence: 93,
  },
  {
    cause: 'node_shutdown',
    applies: (node) => is(node, 'Ready', 'False') && /shutting down/.test(readyMessage(node)),
    words: 'it is shutting down',
    confidence: 93,
  },
  {
    cause: 'node_not_ready',
    applies: (node) => is(node, 'Ready', 'False'),
    words: 'its kubelet reports that it is not ready',
    confidence: 70,
  },
];

/** What is wrong with a node by its conditions; nothing when it is well. */
export function nodeTrouble(view: ClusterView, node: Node): Hypothesis | undefined {
  const trouble = TROUBLES.find(({ applies }) => applies(node, view));
  if (trouble === undefined) return undefined;
  const name = node.metadata?.name ?? '';
  const decisive = condition(node, decisiveType(trouble.cause)) ?? condition(node, 'Ready');
  const events = view
    .eventsAbout('Node', name)
    .filter(({ reason }) =>
      /NotReady|Pressure|Evict|Unreachable|Unhealthy|FreeDisk|SystemOOM|ContainerGC|ImageGC/i.test(reason),
    );
  const lease = view.get('Lease', name, 'kube-node-lease');
  return hypothesis({
    cause: trouble.cause,
    culprit: { kind: 'Node', name },
    confidence: trouble.confidence,
    title: `Node ${plain(name)}: ${plain(trouble.words)}`,
    statement: `The node ${code(name)} is not usable: ${trouble.words}. Its condition ${code(`${decisive?.type}=${decisive?.status}`)} says: ${code(decisive?.message ?? '', 400)}${decisive?.lastTransitionTime ? ` since ${code(decisive.lastTransitionTime)}` : ''}.`,
    evidence: [
      quoteField(
        node,
        'status.conditions',
        (node.status?.conditions ?? []).map(
          ({ type, status, reason, message, lastTransitionTime }) =>
            `${type}=${status} (${reason}) since ${lastTransitionTime ?? '?'}: ${message}`,
        ),
      ),
      ...(lease ? [quoteField(lease, 'spec.renewTime', lease.spec?.renewTime ?? '')] : []),
      ...quoteEvents(events, 2),
    ],
    remedy: onNode(trouble.cause),
    actions: [
      `See which pods run there: ${show`kubectl get pods -A -o wide --field-selector ${`spec.nodeName=${name}`}`}`,
    ],
  });
}

function decisiveType(cause: Cause): string {
  const types: Partial<Record<Cause, string>> = {
    node_disk_pressure: 'DiskPressure',
    node_memory_pressure: 'MemoryPressure',
    node_pid_pressure: 'PIDPressure',
  };
  return types[cause] ?? 'Ready';
}

/** What to do on the node itself, with the command. */
function onNode(cause: Cause): string | undefined {
  const steps: Partial<Record<Cause, string>> = {
    kubelet_down:
      'See on the node why the kubelet does not report: `systemctl status kubelet` and `journalctl -u kubelet -n 100`',
    container_runtime_down:
      'See on the node why the container runtime does not answer: `systemctl status containerd crio docker` and `journalctl -u containerd -n 100`',
    node_disk_pressure:
      'See on the node what fills its disk: `df -h` and `crictl images`; remove unused images with `crictl rmi --prune`',
    node_memory_pressure: 'See what uses its memory: `kubectl top pods -A --sort-by=memory`',
  };
  return steps[cause];
}
