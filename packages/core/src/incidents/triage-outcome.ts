import type { AgentFailure } from './agent-failure.ts';
import type { ReportSummary } from './report.ts';

/** Failures of agents, the oldest first. */
export type AgentFailures = readonly AgentFailure[];

/** Why a run gave no report: the failures of its agents, or else the reason as text. */
type Cause = { failures: AgentFailures } | { reason: string };

/**
 * How one triage run ended. The list is closed, and one switch in the triage worker says what each means to the queue,
 * the incident's row, the metrics and the log.
 */
export type TriageOutcome =
  /** `agent` wrote a valid report. `failures`: of the agents before it. */
  | { kind: 'reported'; report: ReportSummary; markdown: string; agent: string; failures: AgentFailures }
  /** No agent wrote a valid report; another attempt would cost the same again. `agent`: the last one. */
  | { kind: 'agent_failed'; agent: string; failures: AgentFailures }
  /** Triage is impossible with this configuration. */
  | ({ kind: 'failed' } & Cause)
  /** A transient cause: try again later, if attempts remain. */
  | ({ kind: 'retry' } & Cause)
  /**
   * The worker shuts down, or lost the incident, or the cluster throttles: hand the job back without counting an attempt, at once
   * or after a delay, ms.
   */
  | { kind: 'requeue'; reason: string; delay?: number }
  /** It waited longer than `max_queue_age_seconds`. */
  | { kind: 'expired'; reason: string }
  /** Triage is disabled for the cluster. */
  | { kind: 'skipped'; reason: string }
  /** A client of the API cancelled the incident. */
  | { kind: 'cancelled'; reason: string };

/** Every kind of {@link TriageOutcome}, for counters that begin at 0. */
export const TRIAGE_OUTCOMES = [
  'reported',
  'agent_failed',
  'failed',
  'retry',
  'requeue',
  'expired',
  'skipped',
  'cancelled',
] as const satisfies TriageOutcome['kind'][];
