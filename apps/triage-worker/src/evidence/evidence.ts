import type { CoreV1Event } from '@kubernetes/client-node';
import type { KubernetesErrorCode } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { FieldOwner } from './field-owners.ts';
import type { KubernetesObject } from './kubernetes-object.ts';

/** The request that gave a piece, as the kubectl command that would show the same, and when it was made (RFC 3339). */
export interface Provenance {
  command: string;
  at: string;
}

/** Why an object is in the evidence. */
export type ObjectRole = 'resource' | 'owner' | 'replicaSet' | 'pod' | 'node' | 'volumeClaim' | 'dependency';

export interface ObjectPiece extends Provenance {
  type: 'object';
  role: ObjectRole;
  /** As the API server gave it, without `managedFields`; kind and apiVersion are always set. */
  object: KubernetesObject;
}

/** The events of one object, newest first. */
export interface EventsPiece extends Provenance {
  type: 'events';
  about: { kind: string; name: string; namespace?: string };
  events: Wire<CoreV1Event>[];
}

/** The end of a container's log. */
export interface LogPiece extends Provenance {
  type: 'log';
  namespace: string;
  pod: string;
  container: string;
  /** Of the container's previous run. */
  previous: boolean;
  text: string;
}

/** All objects of a kind in a namespace or in the cluster, as far as one page goes. */
export interface ListPiece extends Provenance {
  type: 'list';
  kind: string;
  namespace?: string;
  /** Without `managedFields` and what `kubectl apply` leaves; kind and apiVersion are always set. */
  objects: KubernetesObject[];
  /** Whether there are more than these. */
  truncated: boolean;
}

/** Whether a ConfigMap that a pod refers to is there, and which keys it has; its values are never kept. */
export interface ExistencePiece extends Provenance {
  type: 'existence';
  kind: 'ConfigMap';
  namespace: string;
  name: string;
  exists: boolean;
  keys?: string[];
  /** Who changed it last, and when; names of keys, no values. */
  changedBy?: FieldOwner[];
}

/** An alert, in the form of version 2 of the API of Alertmanager. Labels and annotations are data of the cluster. */
export interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
}

/** The alerts that fire in the cluster. */
export interface AlertsPiece extends Provenance {
  type: 'alerts';
  alerts: Alert[];
}

/** The answer of a Prometheus to one query, the largest values first. */
export interface MetricsPiece extends Provenance {
  type: 'metrics';
  name: string;
  /** What the values are, with their unit. */
  meaning: string;
  query: string;
  series: { labels: Record<string, string>; value: number }[];
}

/** Something that was asked for and not given, and why. */
export interface EvidenceGap extends Provenance {
  type: 'gap';
  code: KubernetesErrorCode;
  reason: string;
}

export type EvidencePiece =
  | ObjectPiece
  | EventsPiece
  | ListPiece
  | LogPiece
  | ExistencePiece
  | AlertsPiece
  | MetricsPiece
  | EvidenceGap;

/** What was read from the cluster for one incident, in the order of reading. */
export interface Evidence {
  collectedAt: string;
  pieces: EvidencePiece[];
}

/** The pieces of one type. */
export function piecesOf<Type extends EvidencePiece['type']>(
  { pieces }: { pieces: readonly EvidencePiece[] },
  type: Type,
): Extract<EvidencePiece, { type: Type }>[] {
  return pieces.filter((piece): piece is Extract<EvidencePiece, { type: Type }> => piece.type === type);
}

/** Longest time that the collection of evidence may take, ms. */
export const COLLECTION_TIMEOUT_MS = 60_000;
