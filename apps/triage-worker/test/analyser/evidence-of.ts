import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { Evidence, EvidencePiece } from '../../src/evidence/evidence.ts';
import type { ContainerStatus, KubernetesObject, Pod } from '../../src/evidence/kubernetes-object.ts';

const AT = '2026-01-02T03:04:05Z';

/** What a test says of a pod; all else is that of a pod that runs and is well. */
export interface PodStory {
  name?: string;
  spec?: Pod['spec'];
  status?: Pod['status'];
  /** Of the container `app`. */
  container?: ContainerStatus;
  /** `[reason, message]`, newest first. */
  events?: [reason: string, message: string][];
  log?: string;
  previousLog?: string;
  /** Further pieces. */
  more?: EvidencePiece[];
}

/** Evidence about one pod, which is the resource at fault. */
export function podEvidence(story: PodStory): Evidence {
  return { collectedAt: AT, pieces: podPieces('resource', story) };
}

/** The pieces about one pod. */
export function podPieces(role: 'resource' | 'pod', story: PodStory): EvidencePiece[] {
  const { name = 'cart-1', spec, status, container, events = [], log, previousLog, more = [] } = story;
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'registry.example.com/cart:1' }], ...spec },
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'app', ready: true, restartCount: 0, state: { running: {} }, ...container }],
      ...status,
    },
  };
  return [
    objectPiece(role, pod),
    eventsPiece('Pod', name, events),
    ...logPieces(name, false, log),
    ...logPieces(name, true, previousLog),
    ...more,
  ];
}

export function objectPiece(
  role: 'resource' | 'replicaSet' | 'pod' | 'node' | 'dependency',
  object: KubernetesObject,
): EvidencePiece {
  const { kind = '', metadata } = object;
  const command = `kubectl get ${kind.toLowerCase()} ${metadata?.name} -o yaml`;
  return { type: 'object', role, object, command, at: AT };
}

export function eventsPiece(kind: string, name: string, events: [reason: string, message: string][]): EvidencePiece {
  return {
    type: 'events',
    about: { kind, name },
    command: `kubectl get events --field-selector involvedObject.name=${name}`,
    at: AT,
    events: events.map(([reason, message]) => ({ type: 'Warning', reason, message, count: 3, lastTimestamp: AT })),
  };
}

export function gap(command: string, reason = 'forbidden for this user'): EvidencePiece {
  return { type: 'gap', command, at: AT, code: 'forbidden', reason };
}

/** A fault about the pod of {@link podEvidence}, or another resource. */
export function faultOf(faultType = 'CrashLoop', resource: Partial<FaultEvent['resource']> = {}): FaultEvent {
  return {
    faultId: '0123456789abcdef',
    faultType,
    severity: 'critical',
    resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop', ...resource },
    timestamp: AT,
  };
}

function logPieces(pod: string, previous: boolean, text: string | undefined): EvidencePiece[] {
  if (text === undefined) return [];
  const command = `kubectl logs -n shop ${pod} -c app${previous ? ' --previous' : ''}`;
  return [{ type: 'log', namespace: 'shop', pod, container: 'app', previous, text, command, at: AT }];
}
