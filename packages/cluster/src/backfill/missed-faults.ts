import { type FaultEvent, faultFingerprint } from '@nightcrier/core/faults/fault';
import { objectKey, RECENT_MS, uniqueFaults } from '../detection/detect-faults.ts';
import { eventFindings, type Finding, stateFindings } from '../detection/findings.ts';
import type { ClusterSnapshot } from '../detection/resource-kinds.ts';
import type { SubscriptionMode } from '../mcp/connection/subscription.ts';

/** The clocks of a cluster and of this machine may differ by this much, and Kubernetes cuts its times to seconds. */
const SKEW_MS = 10_000;

/** What is asked of a snapshot. */
export interface MissedQuestion {
  /** What the server calls the cluster: it is part of the fingerprints that the server gives. */
  clusterName: string;
  /** The last contact, milliseconds since the epoch; undefined: there never was one. */
  since: number | undefined;
  /** How the cluster is watched: what is missed has the type that it would have come with. */
  mode: SubscriptionMode | 'poll';
}

/** A fault that may have gone by unseen. */
export interface MissedFault {
  fault: FaultEvent;
  /** It is known if any of these was seen. */
  knownBy: Sighting[];
}

/** A fingerprint seen at a time or later; milliseconds since the epoch, 0: at any time. */
export interface Sighting {
  fingerprint: string;
  since: number;
}

/**
 * What is wrong in a cluster now, and what went wrong in it since the last contact. What ended before that is history,
 * and without a last contact only what is wrong now counts.
 */
export function missedFaults(snapshot: ClusterSnapshot, question: MissedQuestion): MissedFault[] {
  const { clusterName, since, mode } = question;
  const { takenAt } = snapshot;
  const cutoff = since === undefined ? takenAt.getTime() - RECENT_MS : since - SKEW_MS;
  const states = stateFindings(snapshot, cutoff).filter(({ course }) => course !== 'over' || since !== undefined);
  const events = eventFindings(snapshot, cutoff);
  const findings =
    mode === 'events' ? asEvents(states, events, since) : [...states, ...traces(states, events, snapshot, question)];
  return uniqueFaults(findings, clusterName, takenAt).map(({ finding, fault }) => ({
    fault,
    knownBy: [{ fingerprint: fault.faultId, since: beganAt(finding) }, ...siblings(finding, clusterName)],
  }));
}

/** What only Warning Events still tell, because the object is well again or gone. */
function traces(
  states: Finding[],
  events: Finding[],
  snapshot: ClusterSnapshot,
  { since, mode }: MissedQuestion,
): Finding[] {
  if (since === undefined) return [];
  const covered = new Set(states.map(({ resource }) => objectKey(resource)));
  const others = events.filter(({ resource }) => !covered.has(objectKey(resource)));
  return mode === 'poll' ? others : others.flatMap((event) => asServerFault(event, snapshot));
}

/** Who watches events hears of an object's trouble through its events, and of its state only where it has none. */
function asEvents(states: Finding[], events: Finding[], since: number | undefined): Finding[] {
  const inTrouble = new Set(states.map(({ resource }) => objectKey(resource)));
  const told = events.filter(({ resource }) => since !== undefined || inTrouble.has(objectKey(resource)));
  const withEvents = new Set(told.map(({ resource }) => objectKey(resource)));
  return [...told, ...states.filter(({ resource }) => !withEvents.has(objectKey(resource)))];
}

type ServerFault = Pick<Finding, 'faultType' | 'severity'>;

/** Which fault of an event-emitting server stands behind a Warning Event; others are no faults to it. */
function serverFault({ faultType: reason, resource: { kind }, context }: Finding): ServerFault | undefined {
  switch (`${kind}/${reason}`) {
    case 'Pod/BackOff':
      return /restarting failed container/.test(context)
        ? { faultType: 'CrashLoop', severity: 'critical' }
        : { faultType: 'PodCrash', severity: 'warning' };
    case 'Pod/Evicted':
    case 'Pod/Failed':
      return { faultType: 'PodCrash', severity: 'warning' };
    case 'Node/NodeNotReady':
      return { faultType: 'NodeUnhealthy', severity: 'warning' };
    case 'Job/BackoffLimitExceeded':
    case 'Job/DeadlineExceeded':
      return { faultType: 'JobFailure', severity: 'critical' };
    default:
      return undefined;
  }
}

function asServerFault(event: Finding, { nodes = [] }: ClusterSnapshot): Finding[] {
  const fault = serverFault(event);
  if (!fault) return [];
  const { resource } = event;
  // The kubelet writes a node's name in place of its uid.
  const node = resource.kind === 'Node' ? nodes.find(({ metadata }) => metadata.name === resource.name) : undefined;
  const uid = node?.metadata.uid ?? resource.uid;
  return [{ ...event, ...fault, resource: { ...resource, ...(uid && { uid }) } }];
}

/** Between two crashes of a loop its container runs, and shows itself as crashed once. */
function siblings({ faultType, resource, container }: Finding, clusterName: string): Sighting[] {
  if (faultType !== 'PodCrash') return [];
  return [{ fingerprint: faultFingerprint(clusterName, 'CrashLoop', resource, container), since: 0 }];
}

/** A loop crashes again and again, and a container that cannot start tells no time: since when is not known. */
function beganAt({ faultType, since, course }: Finding): number {
  const at = since ? Date.parse(since) : Number.NaN;
  return Number.isNaN(at) || (faultType === 'CrashLoop' && course === 'now') ? 0 : at - SKEW_MS;
}
