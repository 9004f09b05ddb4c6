import { type FaultEvent, faultFingerprint, type ResourceReference } from '@nightcrier/core/faults/fault';
import { eventFindings, type Finding, stateFindings } from './findings.ts';
import type { ClusterSnapshot } from './resource-kinds.ts';
import { cleanText } from '../mcp/wire-text.ts';

/** What ended longer ago than this is history to a poll. */
export const RECENT_MS = 15 * 60_000;

/**
 * Everything that is wrong in a cluster at one time, one fault for each fingerprint. Types and fingerprints are those
 * of an event-emitting server; a pod that cannot start or be placed has the type that comes closest, PodCrash. Warning
 * Events are reported, with their reason as the type, only for objects that have no other fault: they are its symptoms.
 */
export function detectFaults(snapshot: ClusterSnapshot, clusterName: string): FaultEvent[] {
  const cutoff = snapshot.takenAt.getTime() - RECENT_MS;
  const states = stateFindings(snapshot, cutoff);
  const covered = new Set(states.map(({ resource }) => objectKey(resource)));
  const events = eventFindings(snapshot, cutoff).filter(({ resource }) => !covered.has(objectKey(resource)));
  return uniqueFaults([...states, ...events], clusterName, snapshot.takenAt).map(({ fault }) => fault);
}

/** The findings with their identity; the first of each fingerprint. */
export function uniqueFaults(
  findings: Finding[],
  clusterName: string,
  takenAt: Date,
): { finding: Finding; fault: FaultEvent }[] {
  const faults = new Map<string, { finding: Finding; fault: FaultEvent }>();
  for (const finding of findings) {
    const fault = faultOf(finding, clusterName, takenAt);
    if (!faults.has(fault.faultId)) faults.set(fault.faultId, { finding, fault });
  }
  return [...faults.values()];
}

/** The types of an event-emitting server; every other type is the reason of a Warning Event. */
const STATE_TYPES = new Set(['PodCrash', 'CrashLoop', 'NodeUnhealthy', 'JobFailure', 'DeploymentFailure']);

/** Whether a detected fault comes from a Warning Event and not from the state of an object. */
export function isSymptom({ faultType }: FaultEvent): boolean {
  return !STATE_TYPES.has(faultType);
}

/** What faults of one object have in common. */
export function objectKey({ uid, kind, namespace, name }: ResourceReference): string {
  return uid ?? `${kind}/${namespace ?? ''}/${name}`;
}

function faultOf(finding: Finding, clusterName: string, takenAt: Date): FaultEvent {
  const { severity, resource, container } = finding;
  const faultType = cleanText(finding.faultType, 500, { lines: false });
  const since = finding.since ? Date.parse(finding.since) : Number.NaN;
  return {
    faultId: faultFingerprint(clusterName, faultType, resource, container),
    faultType,
    severity,
    resource,
    ...(container !== undefined && { container }),
    context: cleanText(finding.context, 16_384),
    timestamp: (Number.isNaN(since) ? takenAt : new Date(since)).toISOString(),
  };
}
