import { z } from 'zod';
import { ClusterPermissions } from '../permissions/cluster-permissions.ts';

/** States of a cluster connection (design.md, "State Machine"). */
export const CONNECTION_STATUSES = [
  'disconnected',
  'connecting',
  'connected',
  'subscribing',
  'active',
  'failed',
  'stopped',
] as const;
export const ConnectionStatus = z.enum(CONNECTION_STATUSES);
export type ConnectionStatus = z.infer<typeof ConnectionStatus>;

/** How faults are taken from a cluster: pushed by the server, or asked for at an interval. */
export const IntakeMode = z.enum(['subscribe', 'poll']);
export type IntakeMode = z.infer<typeof IntakeMode>;

/** Health of one cluster connection (design.md, "Health Status Structure"), plus the `mode` of its intake. */
export const ClusterHealth = z.object({
  name: z.string(),
  status: ConnectionStatus,
  /** When the last fault or event arrived, RFC 3339. */
  last_event: z.string().optional(),
  /** The last error, while the connection is not active. */
  error: z.string().optional(),
  /** Time until the next attempt, such as `4.2s`. */
  retry_in: z.string().optional(),
  event_count: z.number().int().nonnegative(),
  triage_enabled: z.boolean(),
  permissions: ClusterPermissions.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  mode: IntakeMode.optional(),
  /** What the server says is wrong with the subscription. */
  degraded: z.string().optional(),
  /** Until when the cluster was certainly watched, RFC 3339. */
  last_contact: z.string().optional(),
  /** For how long at most the cluster was not watched, all gaps since the first contact together, s. */
  blind_seconds: z.number().nonnegative().optional(),
  /** Id of the ingester that holds the cluster; missing when none does. */
  owner: z.string().optional(),
});
export type ClusterHealth = z.infer<typeof ClusterHealth>;

/** A changed configuration that a process does not use, because something is wrong with it; it goes on with the old one. */
export const RefusedConfiguration = z.object({
  /** Which process: `api`, or the id of an ingester. */
  process: z.string(),
  /** What is wrong, in one line. */
  error: z.string(),
  /** Each with file, line and column. */
  problems: z.array(z.string()),
  /** When it was first refused, RFC 3339. */
  since: z.string(),
});
export type RefusedConfiguration = z.infer<typeof RefusedConfiguration>;

/** The body of `GET /health/clusters` (design.md, "Health Status Structure"). */
export interface HealthSummary {
  clusters: ClusterHealth[];
  /** Only while a process refuses a changed configuration: the first such process. */
  configuration?: RefusedConfiguration;
  summary: {
    total: number;
    active: number;
    /** Every cluster that is not active. */
    unhealthy: number;
    triage_enabled: number;
  };
}

/** Counts the clusters' states. */
export function summarizeHealth(clusters: ClusterHealth[]): HealthSummary {
  const active = clusters.filter((cluster) => cluster.status === 'active').length;
  return {
    clusters,
    summary: {
      total: clusters.length,
      active,
      unhealthy: clusters.length - active,
      triage_enabled: clusters.filter((cluster) => cluster.triage_enabled).length,
    },
  };
}
