import type { ClusterEvent } from '../clusters/cluster-event.ts';
import { groupKey, type Grouping } from '../faults/group-key.ts';

const PROBLEM_GROUP = 'problem:';

/**
 * Names the faults that share an incident with this one while it waits or runs: those of its problem, whatever their type.
 * Faults of older versions have no problem, and with another grouping than by workload none counts: then it is `groupKey`.
 */
export function admissionGroup({ event, problem }: ClusterEvent, grouping: Grouping): string | undefined {
  return grouping === 'workload' && problem !== undefined ? `${PROBLEM_GROUP}${problem}` : groupKey(event, grouping);
}

/** Returns whether a group is that of a problem. */
export function isProblemGroup(group: string | undefined): boolean {
  return group?.startsWith(PROBLEM_GROUP) === true;
}
