import type { ClusterEvent } from '../clusters/cluster-event.ts';
import type { Cause } from '../diagnosis/cause.ts';
import type { FaultEvent } from '../faults/fault.ts';
import type { Labels } from '../matching/matcher.ts';
import { workloadOf } from '../faults/group-key.ts';

/** The labels of an incident that matchers can name, besides `labels.NAME` for those of its cluster. */
export const INCIDENT_LABELS = [
  'cluster',
  'environment',
  'namespace',
  'workload',
  'kind',
  'name',
  'container',
  'fault_type',
  'severity',
  'cause',
] as const;

/** Prefix of the labels of the cluster. */
export const CLUSTER_LABEL = 'labels.';

/** Whether a matcher may name the label. */
export function isIncidentLabel(name: string): boolean {
  return name.startsWith(CLUSTER_LABEL) || INCIDENT_LABELS.some((label) => label === name);
}

/** Returns the labels of one fault of an incident. */
function incidentLabels(
  { cluster_name, environment, labels }: Pick<ClusterEvent, 'cluster_name' | 'environment' | 'labels'>,
  { resource, container, faultType, severity }: Pick<FaultEvent, 'resource' | 'container' | 'faultType' | 'severity'>,
  cause?: Cause,
): Map<string, string> {
  const own: Record<(typeof INCIDENT_LABELS)[number], string | undefined> = {
    cluster: cluster_name,
    environment,
    namespace: resource.namespace,
    workload: workloadOf(resource),
    kind: resource.kind,
    name: resource.name,
    container,
    fault_type: faultType,
    severity,
    cause,
  };
  const found = new Map(Object.entries(labels).map(([name, value]) => [`${CLUSTER_LABEL}${name}`, value]));
  for (const [name, value] of Object.entries(own)) if (value !== undefined) found.set(name, value);
  return found;
}

/** Members and causes differ in few labels; more sets than this are not compared. */
const MOST_SETS = 50;

/**
 * Returns the labels of an incident: a set for each of its faults and each cause, without duplicates, its own fault and the first
 * cause first.
 */
export function incidentLabelSets(
  { cluster_event, members }: { cluster_event: ClusterEvent; members: readonly FaultEvent[] },
  causes: readonly Cause[],
): Labels[] {
  const faults = [cluster_event.event, ...members];
  const all = (causes.length === 0 ? [undefined] : causes).flatMap((cause) =>
    faults.map((fault) => incidentLabels(cluster_event, fault, cause)),
  );
  const unique = new Map(all.map((labels) => [JSON.stringify([...labels]), labels]));
  return [...unique.values()].slice(0, MOST_SETS);
}
