import type { SilencedBy } from '../problems/problem.ts';

/**
 * The outcome of admission. The list is closed: each kind is also a counter in the books and a metric label.
 */
export type AdmissionOutcome =
  /** A new incident was queued. `evicted` lists the waiting incidents that were dropped for it (policy `drop`). */
  | { kind: 'queued'; incidentId: string; evicted: Evicted[] }
  /** The same call was admitted before and its reply was lost. Nothing was changed. */
  | { kind: 'resent'; incidentId: string }
  /** A recurrence of the same fault, counted on its incident. */
  | { kind: 'deduplicated'; incidentId: string; recurrences: number }
  /** A fault of a group whose incident is open, listed there. `members` is the incident's member count. */
  | { kind: 'grouped'; incidentId: string; members: number }
  /** The queue is full and the policy is `reject`. The incident row records it. */
  | { kind: 'rejected'; incidentId: string; bound: QueueBound }
  /**
   * The policy is `drop`, and either all waiting incidents are more severe, or the queue exceeds a lowered bound by more
   * than one call evicts. The incident row records it. `evicted` lists the incidents that were dropped nevertheless.
   */
  | { kind: 'dropped_incoming'; incidentId: string; bound: QueueBound; evicted: Evicted[] }
  /** Its problem is silenced: counted and listed. Admitted under the same id if it still fires when the silence ends. */
  | { kind: 'silenced'; incidentId: string; silenced: SilencedBy };

/** A waiting incident, of any cluster, that was dropped to make room. */
export interface Evicted {
  incidentId: string;
  cluster: string;
}

/** The bound that refused an incident: `cluster_queue_size` or `global_queue_size`. */
export type QueueBound = 'cluster' | 'global';

/** All outcomes of a received fault or event, before or at admission. */
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
  'silenced',
  'lost',
] as const;
export type IntakeOutcome = (typeof INTAKE_OUTCOMES)[number];
