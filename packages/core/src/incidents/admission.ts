/**
 * What became of a fault at the door of the queue. The list is closed: each kind is also a counter of the books and a
 * metric label.
 */
export type AdmissionOutcome =
  /** A new incident waits in the queue. `evicted` lists waiting incidents that gave way to it (policy `drop`). */
  | { kind: 'queued'; incidentId: string; evicted: Evicted[] }
  /** This very call was admitted before, and its reply was lost: nothing was changed. */
  | { kind: 'resent'; incidentId: string }
  /** The same fault again: counted on its incident. */
  | { kind: 'deduplicated'; incidentId: string; recurrences: number }
  /** Another fault of a group whose incident waits or runs: listed there. `members` counts all of the incident's. */
  | { kind: 'grouped'; incidentId: string; members: number }
  /** The queue is full and the policy is `reject`; the incident row says so. */
  | { kind: 'rejected'; incidentId: string; bound: QueueBound }
  /**
   * The policy is `drop`, and the queue is full of more severe incidents, or so far beyond a bound that was lowered that one
   * call cannot make room; the incident row says so. `evicted` lists those that gave way in vain.
   */
  | { kind: 'dropped_incoming'; incidentId: string; bound: QueueBound; evicted: Evicted[] };

/** An incident that waited and gave way, of whatever cluster. */
export interface Evicted {
  incidentId: string;
  cluster: string;
}

/** Which bound refused an incident: `cluster_queue_size` or `global_queue_size`. */
export type QueueBound = 'cluster' | 'global';

/** Everything that can become of a received fault or event, before or at admission. */
export const INTAKE_OUTCOMES = [
  'queued',
  'resent',
  'deduplicated',
  'grouped',
  'rejected',
  'dropped_incoming',
  'filtered',
  'malformed',
  'skipped',
  'lost',
] as const;
export type IntakeOutcome = (typeof INTAKE_OUTCOMES)[number];
