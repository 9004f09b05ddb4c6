import type { Grouping } from '@nightcrier/core/faults/group-key';

/** The settings of admission, under the names of the configuration. */
export interface AdmissionSettings {
  /** Maximum of waiting incidents, over all clusters; at least 1. */
  global_queue_size: number;
  /** Maximum of waiting incidents of one cluster; 0: no bound. */
  cluster_queue_size: number;
  /** Full queue: `drop` evicts the oldest waiting incident of the lowest severity, `reject` refuses the new fault. */
  queue_overflow_policy: 'drop' | 'reject';
  /** A fault that recurs within this time after its incident's admission is a recurrence; 0: only while it is open. */
  dedup_window_seconds: number;
  /** A fault of a problem that recovered within this time, seconds, reopens it. */
  reopen_window: number;
  /** A fault of a problem whose latest investigation is older, seconds, is investigated again. */
  reinvestigate_after: number;
  /** More new problems than this within a minute that share something are investigated through the first one; 0: never. */
  storm_threshold: number;
  /** Which faults of one type share an incident. */
  grouping: Grouping;
}
