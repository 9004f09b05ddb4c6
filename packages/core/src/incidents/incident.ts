import { z } from 'zod';
import { AgentUsage } from './agent-usage.ts';
import { ClusterEvent } from '../clusters/cluster-event.ts';
import { FaultEvent } from '../faults/fault.ts';
import { ReportSummary } from './report.ts';

/** Where an incident stands. The list is closed; `FINAL_STATES` are left only by an operator. */
export const INCIDENT_STATES = [
  'queued',
  'investigating',
  'resolved',
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

/** Whether nothing more happens to an incident in this state by itself. */
export function isFinal(state: IncidentState): boolean {
  return state !== 'queued' && state !== 'investigating';
}

/** One of the faults that an incident stands for. */
export const IncidentMember = FaultEvent.extend({
  /** When the ingester received it, RFC 3339. */
  received_at: z.string(),
});
export type IncidentMember = z.infer<typeof IncidentMember>;

/** Most members that an incident lists; all are counted. */
export const MAX_MEMBERS = 100;

/** A fault that we investigate: one row in Redis, from admission to report. All times are RFC 3339. */
export const Incident = z.object({
  incident_id: z.string(),
  state: IncidentState,
  /** Why the state is what it is, in words, where it is not plain. */
  reason: z.string().optional(),
  fingerprint: z.string(),
  cluster_event: ClusterEvent,
  /** How often the same fault came again while this incident was the one for it. */
  recurrences: z.number().int().nonnegative(),
  /** When the fault was first and last received. */
  first_seen: z.string(),
  last_seen: z.string(),
  /** The faults that the incident stands for, its own first: at most {@link MAX_MEMBERS} of `member_count`. */
  members: z.array(IncidentMember),
  member_count: z.number().int().positive(),
  /** The incident that stood for this fault before. */
  previous_incident_id: z.string().optional(),
  /** The incident that an operator made of this one. */
  requeued_as: z.string().optional(),
  created_at: z.string(),
  started_at: z.string().optional(),
  finished_at: z.string().optional(),
  /** Investigations begun, the present one included. */
  attempts: z.number().int().nonnegative(),
  /** Why the last attempt that came to no end did not. */
  last_failure: z.string().optional(),
  /** Absolute path of the workspace on the worker that ran it last. */
  workspace: z.string().optional(),
  agent: z.string().optional(),
  /** Of all agents that ran for it, attempts that came to no end included. */
  usage: AgentUsage.optional(),
  report: ReportSummary.optional(),
});
export type Incident = z.infer<typeof Incident>;
