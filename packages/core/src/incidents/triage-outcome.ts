import type { ReportSummary } from './report.ts';

/**
 * How one triage run ended. The list is closed, and one switch in the triage worker says what each means to the queue,
 * the incident's row, the metrics and the log.
 */
export type TriageOutcome =
  /** A valid report is there. `reason`: why it is not the configured agent's. */
  | { kind: 'resolved'; report: ReportSummary; markdown: string; agent: string; reason?: string }
  /** The agent ran and gave no valid report; another attempt would cost the same again. */
  | { kind: 'agent_failed'; reason: string; agent: string }
  /** Triage is impossible as things are configured. */
  | { kind: 'failed'; reason: string }
  /** A passing cause: try again later, while attempts are left. `agent_unavailable`: the agents cannot be started. */
  | { kind: 'retry'; reason: string; cause?: 'agent_unavailable' }
  /** This worker shuts down: hand the job back at once, without counting an attempt. */
  | { kind: 'requeue'; reason: string }
  /** It waited longer than `max_queue_age_seconds`. */
  | { kind: 'expired'; reason: string }
  /** Triage is disabled for the cluster. */
  | { kind: 'skipped'; reason: string }
  /** A client of the API cancelled the incident. */
  | { kind: 'cancelled'; reason: string };

/** Every kind of {@link TriageOutcome}, for counters that begin at 0. */
export const TRIAGE_OUTCOMES = [
  'resolved',
  'agent_failed',
  'failed',
  'retry',
  'requeue',
  'expired',
  'skipped',
  'cancelled',
] as const satisfies TriageOutcome['kind'][];
