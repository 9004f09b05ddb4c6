import type { ClusterEvent } from '../clusters/cluster-event.ts';
import type { DiagnosisSummary } from '../diagnosis/diagnosis.ts';
import type { IncidentState } from '../incidents/incident.ts';
import { parseDependency, sharedDependencies } from './shared-dependencies.ts';

/** What problems of a storm can share, the closest first. */
export const STORM_TRAITS = ['node', 'image', 'dependency', 'namespace'] as const;
export type StormTrait = (typeof STORM_TRAITS)[number];

/** Kinds of objects that belong to one workload: when one of them is at fault, the others of a storm have another cause. */
const OWN_KINDS = new Set([
  'Pod',
  'Container',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
]);
/** Causes that every image of a registry has. */
const REGISTRY_CAUSES = new Set([
  'image_registry_unreachable',
  'image_registry_tls',
  'image_registry_unknown',
  'image_rate_limit',
]);
const LONGEST_TRAIT = 500;

/** Returns what a fault may share with others of its cluster, as `<trait>:<value>`, the closest first. */
export function stormTraits({ node, images, event }: Pick<ClusterEvent, 'node' | 'images' | 'event'>): string[] {
  const { kind, namespace, name } = event.resource;
  const own = kind === 'Node' ? name : node;
  return [
    ...(own === undefined ? [] : [`node:${own}`]),
    ...(images?.length ? [`image:${images.toSorted().join(' ').slice(0, LONGEST_TRAIT)}`] : []),
    ...sharedDependencies(event).map((dependency) => `dependency:${dependency}`),
    ...(namespace === undefined ? [] : [`namespace:${namespace}`]),
  ];
}

/** Returns whether what was found of the first problem of a storm explains the others that share a trait with it. */
export function explainsStorm(trait: string, diagnosis: DiagnosisSummary | undefined): boolean {
  const [first] = diagnosis?.hypotheses ?? [];
  if (!diagnosis?.determined || !first) return false;
  const { cause, culprit } = first;
  const kind = STORM_TRAITS.find((one) => trait.startsWith(`${one}:`));
  switch (kind) {
    case 'node':
      return culprit.kind === 'Node' || cause.startsWith('node_');
    case 'image':
      return cause.startsWith('image_');
    case 'dependency':
      return explainsDependency(parseDependency(trait.slice('dependency:'.length)), first);
    case 'namespace':
      return !OWN_KINDS.has(culprit.kind);
    case undefined:
      return false;
    default:
      return kind satisfies never;
  }
}

/** Whether what is at fault is what the members depend on. */
function explainsDependency(
  { kind, name }: ReturnType<typeof parseDependency>,
  { cause, culprit }: DiagnosisSummary['hypotheses'][number],
): boolean {
  if (kind === 'registry') return REGISTRY_CAUSES.has(cause);
  if (kind === 'webhook') return /webhook/i.test(culprit.kind);
  return culprit.kind.toLowerCase() === kind && culprit.name === name;
}

/** What is known of a storm when it is decided about one of its members. Times are ms since the epoch. */
export interface StormView {
  /** `<trait>:<value>` that the member shares with the first problem. */
  trait: string;
  leader: { isFiring: boolean; recoveredAt?: number | undefined };
  /** The investigation of the first problem; missing when its row is gone. */
  incident?: { state: IncidentState; diagnosis?: DiagnosisSummary | undefined } | undefined;
  member: { isFiring: boolean };
}

/** A member that still fires so long after the first problem recovered has another cause, ms. */
const OUTLASTS_MS = 5 * 60_000;

/**
 * Decides about a problem that waits for the investigation of the first one of its storm:
 * - `wait`: that has no report yet, or its report explains the member;
 * - `forget`: the member has recovered with it;
 * - `investigate`: nothing explains the member.
 */
export function decideStormMember(
  { trait, leader, incident, member }: StormView,
  now: number,
): 'wait' | 'forget' | 'investigate' {
  if (!member.isFiring) return 'forget';
  if (incident?.state === 'queued' || incident?.state === 'investigating') return 'wait';
  if (incident?.state !== 'reported' || !explainsStorm(trait, incident.diagnosis)) return 'investigate';
  if (leader.isFiring) return 'wait';
  return leader.recoveredAt === undefined || now - leader.recoveredAt >= OUTLASTS_MS ? 'investigate' : 'wait';
}
