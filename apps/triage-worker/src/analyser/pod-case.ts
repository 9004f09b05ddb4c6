import type { CoreV1Event, V1Container } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { stringify } from 'yaml';
import { piecesOf, type Evidence, type LogPiece, type ObjectPiece } from '../evidence/evidence.ts';
import { isKind, type ContainerStatus, type Node, type Pod } from '../evidence/kubernetes-object.ts';
import { containerStatuses, isContainerInTrouble } from '../evidence/pod-trouble.ts';
import type { Quote } from './diagnosis.ts';

/** An event, with the command that shows it. */
export interface CaseEvent {
  event: Wire<CoreV1Event>;
  reason: string;
  message: string;
  command: string;
}

/** One container of a pod: what is asked for, what became of it, and what it said. */
export interface ContainerCase {
  name: string;
  status: ContainerStatus;
  spec: Wire<V1Container>;
  log?: LogPiece;
  previousLog?: LogPiece;
}

/** Everything the evidence holds about one pod, in the shape in which the rules look at it. */
export interface PodCase {
  pod: Pod;
  name: string;
  namespace: string;
  /** The command that shows the pod. */
  command: string;
  /** Containers in trouble, the one that the fault names first; all containers when none is. */
  containers: ContainerCase[];
  /** Newest first. */
  events: CaseEvent[];
  /** Nodes in the evidence; for a pod on a node, that node. */
  nodes: Node[];
  evidence: Evidence;
  fault: FaultEvent;
}

/** A case for each pod in the evidence, the worst first. */
export function podCases(evidence: Evidence, fault: FaultEvent): PodCase[] {
  return piecesOf(evidence, 'object').flatMap((piece) => {
    const { object, role } = piece;
    return isKind(object, 'Pod') && role !== 'dependency' ? [podCase(object, piece, evidence, fault)] : [];
  });
}

function podCase(pod: Pod, piece: ObjectPiece, evidence: Evidence, fault: FaultEvent): PodCase {
  const { name = '', namespace = 'default' } = pod.metadata ?? {};
  const statuses = containerStatuses(pod);
  const inTrouble = statuses.filter((status) => isContainerInTrouble(status) || status.name === fault.container);
  const chosen = (inTrouble.length > 0 ? inTrouble : statuses).sort(
    (a, b) => Number(b.name === fault.container) - Number(a.name === fault.container),
  );
  const logs = piecesOf(evidence, 'log').filter((log) => log.pod === name && log.namespace === namespace);
  const specs = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const nodes = piecesOf(evidence, 'object').flatMap(({ object }) => (isKind(object, 'Node') ? [object] : []));
  return {
    pod,
    name,
    namespace,
    command: piece.command,
    containers: chosen.map((status) => {
      const log = logs.find(({ container, previous }) => container === status.name && !previous);
      const previousLog = logs.find(({ container, previous }) => container === status.name && previous);
      return {
        name: status.name ?? '',
        status,
        spec: specs.find((spec) => spec.name === status.name) ?? {},
        ...(log && { log }),
        ...(previousLog && { previousLog }),
      };
    }),
    events: eventsAbout(evidence, 'Pod', name),
    nodes:
      pod.spec?.nodeName === undefined ? nodes : nodes.filter((node) => node.metadata?.name === pod.spec?.nodeName),
    evidence,
    fault,
  };
}

/** The events of one object, newest first. */
export function eventsAbout(evidence: Evidence, kind: string, name: string): CaseEvent[] {
  return piecesOf(evidence, 'events')
    .filter(({ about }) => about.kind === kind && about.name === name)
    .flatMap(({ command, events }) =>
      events.map((event) => ({ event, command, reason: event.reason ?? '', message: event.message ?? '' })),
    );
}

/** The part of a pod that is about a container, as it stands in the cluster. */
export function quoteContainer({ command }: PodCase, { status }: ContainerCase): Quote {
  const { name, ready, restartCount, state, lastState } = status;
  return { command, text: stringify({ name, ready, restartCount, state, lastState }, { lineWidth: 0 }) };
}

/** Events as kubectl shows them: when, type, reason, message, how often. */
export function quoteEvents(events: CaseEvent[], max = 5): Quote[] {
  const [first] = events;
  if (first === undefined) return [];
  const lines = events.slice(0, max).map(({ event, reason, message }) => {
    const { series, lastTimestamp, eventTime, firstTimestamp, type = '' } = event;
    const when = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? 'unknown time';
    const count = series?.count ?? event.count ?? 1;
    return `${when}  ${type}  ${reason}${count > 1 ? ` (x${count})` : ''}  ${message.trim()}`;
  });
  return [{ command: first.command, text: lines.join('\n') }];
}
