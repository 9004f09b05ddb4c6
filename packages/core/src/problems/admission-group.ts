import type { ClusterEvent } from '../clusters/cluster-event.ts';
import { groupKey, type Grouping } from '../faults/group-key.ts';

/**
 * Names the faults that share an incident with this one while it waits or runs: those of its problem, whatever their type.
 * Faults of older versions have no problem, and with another grouping than by workload none counts: then it is `groupKey`.
 */
export function admissionGroup({ event, problem }: ClusterEvent, grouping: Grouping): string | undefined {
  return grouping === 'workload' && problem !== undefined ? `problem:${problem}` : groupKey(event, grouping);
}
