import { z } from 'zod';
import { AgentFailure } from './agent-failure.ts';
import { AgentUsage } from './agent-usage.ts';
import { ClusterEvent } from '../clusters/cluster-event.ts';
import { GatewayCounts } from '../gateway/door-entry.ts';
import { FaultEvent } from '../faults/fault.ts';
import { Severity } from '../faults/severity.ts';
import { ReportSummary } from './report.ts';

/** States of an incident. The list is closed. */
export const INCIDENT_STATES = [
  'queued',
  'investigating',
  'reported',
  'agent_failed',
  'failed',
  'expired',
  'skipped',
  'cancelled',
  'dropped',
  'rejected',
] as const;
export const IncidentState = z.enum(INCIDENT_STATES);
export type IncidentState = z.infer<typeof IncidentState>;

/** Returns whether the incident has ended: neither queued nor investigating. */
export function isFinal(state: IncidentState): boolean {
  return state !== 'queued' && state !== 'investigating';
}

/** One of the faults that an incident covers. */
export const IncidentMember = FaultEvent.extend({
  /** When the ingester received it, RFC 3339. */
  received_at: z.string(),
});
export type IncidentMember = z.infer<typeof IncidentMember>;

/** Maximum number of members that an incident lists. `member_count` counts all. */
export const MAX_MEMBERS = 100;

/** The investigation of a fault: one row in Redis, from admission to report. All times are RFC 3339. */
export const Incident = z.object({
  incident_id: z.string(),
  state: IncidentState,
  /** Why the incident is in this state, as text, unless the state explains itself. */
  reason: z.string().optional(),
  /** Failures of agents, in their order; `reason` is their text. */
  agent_failures: z.array(AgentFailure).optional(),
  fingerprint: z.string(),
  cluster_event: ClusterEvent,
  /** The highest of the faults that it covers. Older versions do not tell it. */
  severity: Severity.optional(),
  /** How often the same fault was received again while it belonged to this incident. */
  recurrences: z.number().int().nonnegative(),
  /** When the fault was received first and last. */
  first_seen: z.string(),
  last_seen: z.string(),
  /** The faults that the incident covers, its own first: at most {@link MAX_MEMBERS} of `member_count`. */
  members: z.array(IncidentMember),
  member_count: z.number().int().positive(),
  /** The previous incident of the same fault. */
  previous_incident_id: z.string().optional(),
  /** The incident that an operator created by requeueing this one. */
  requeued_as: z.string().optional(),
  created_at: z.string(),
  started_at: z.string().optional(),
  finished_at: z.string().optional(),
  /** Number of investigations started, the current one included. */
  attempts: z.number().int().nonnegative(),
  /** Why the last attempt without an outcome ended. */
  last_failure: z.string().optional(),
  /** When a client first asked to cancel the incident, and what it said; see {@link CancelRequest}. */
  cancel_requested_at: z.string().optional(),
  cancel_requested_by: z.string().optional(),
  cancel_reason: z.string().optional(),
  /** Absolute path of the workspace, on the worker that ran the last attempt. */
  workspace: z.string().optional(),
  agent: z.string().optional(),
  /** Usage of all agent runs of the incident, unfinished attempts included. */
  usage: AgentUsage.optional(),
  /** What agents did through the gateway, over all runs. */
  gateway: GatewayCounts.optional(),
  report: ReportSummary.optional(),
  /** Version of the diagnosis in the report, see `DIAGNOSIS_VERSION`. Missing without a diagnosis. */
  diagnosis_version: z.number().int().optional(),
  /** Whether the root cause is a conclusion. Missing while there is no report, and if it states no confidence. */
  determined: z.boolean().optional(),
});
export type Incident = z.infer<typeof Incident>;
