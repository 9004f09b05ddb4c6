import { z } from 'zod';
import { ConnectionStatus } from '../clusters/cluster-health.ts';
import { StoredIncidentState } from '../incidents/stored-state.ts';
import { ProblemState } from '../problems/problem.ts';

/** How a problem changed. `changed`: it was acknowledged, silenced, reported, became more severe, or the like. */
export const PROBLEM_CHANGES = ['opened', 'reopened', 'recovered', 'closed', 'changed'] as const;

/** A change of a problem; `/api/problems/:cluster/:key` shows the rest. */
export const ProblemChanged = z.object({
  cluster: z.string(),
  key: z.string(),
  state: ProblemState,
  change: z.enum(PROBLEM_CHANGES),
});

/** An incident entered a state. */
export const IncidentChanged = z.object({
  incident_id: z.string(),
  cluster: z.string().optional(),
  state: StoredIncidentState,
});

/** The status of a cluster changed, or whether it is watched only in part. */
export const ClusterChanged = z.object({ name: z.string(), status: ConnectionStatus, degraded: z.boolean() });

export const STREAM_KINDS = ['problem', 'incident', 'cluster'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** One change of state of the installation. Events are in the order in which they happened. */
export const StreamEvent = z.discriminatedUnion('kind', [
  z.object({ id: z.string(), kind: z.literal('problem'), data: ProblemChanged }),
  z.object({ id: z.string(), kind: z.literal('incident'), data: IncidentChanged }),
  z.object({ id: z.string(), kind: z.literal('cluster'), data: ClusterChanged }),
]);
/** `id`: `<ms>-<number>`, see {@link compareEventIds}. */
export type StreamEvent = z.infer<typeof StreamEvent>;

/** The id of an event, as Redis makes it. */
export const EventId = z
  .string()
  .regex(/^\d{1,15}-\d{1,15}$/, { error: 'must be the id of an event, such as 1767225600000-0' });

/** Orders ids of events: negative if the first one happened earlier. */
export function compareEventIds(one: string, other: string): number {
  const [ms = 0, number = 0] = one.split('-').map(Number);
  const [otherMs = 0, otherNumber = 0] = other.split('-').map(Number);
  return ms - otherMs || number - otherNumber;
}

/** Returns the cluster that an event concerns. */
export function clusterOfEvent(event: StreamEvent): string | undefined {
  return event.kind === 'cluster' ? event.data.name : event.data.cluster;
}
