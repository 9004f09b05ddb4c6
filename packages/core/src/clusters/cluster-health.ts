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

/** How faults are received from a cluster: pushed by the server, or listed at an interval. */
export const IntakeMode = z.enum(['subscribe', 'poll']);
export type IntakeMode = z.infer<typeof IntakeMode>;

/** A kind of objects that no source can list: its faults are not seen. */
export const BlindKind = z.object({
  /** Plural, as in RBAC rules. */
  kind: z.string(),
  /** Why it cannot be listed. */
  reason: z.string(),
  /** When it was listed last, or else when that failed first; RFC 3339. */
  since: z.string(),
  /** Upper bound of the time for which the kind was not seen, since the ingester has watched the cluster, in seconds. */
  blind_seconds: z.number().nonnegative(),
});
export type BlindKind = z.infer<typeof BlindKind>;

/** Health of one cluster connection (design.md, "Health Status Structure"), with additions. */
export const ClusterHealth = z.object({
  name: z.string(),
  status: ConnectionStatus,
  /** When the last fault or event arrived, RFC 3339. */
  last_event: z.string().optional(),
  /** The last error. Missing while the connection is active. */
  error: z.string().optional(),
  /** Time until the next connection attempt, such as `4.2s`. */
  retry_in: z.string().optional(),
  event_count: z.number().int().nonnegative(),
  triage_enabled: z.boolean(),
  permissions: ClusterPermissions.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  mode: IntakeMode.optional(),
  /** Why the cluster is watched only in part, for example the server's own report about the subscription. */
  degraded: z.string().optional(),
  /** Kinds whose faults are not seen at present. */
  blind_kinds: z.array(BlindKind).optional(),
  /** The last time at which the cluster was known to be watched, RFC 3339. */
  last_contact: z.string().optional(),
  /** Upper bound of the time without a watch, summed over all gaps since the first contact, in seconds. */
  blind_seconds: z.number().nonnegative().optional(),
  /** Id of the ingester that holds the lease of the cluster. Missing when none does. */
  owner: z.string().optional(),
});
export type ClusterHealth = z.infer<typeof ClusterHealth>;

/** A changed configuration that a process rejected as invalid. The process continues with the previous one. */
export const RefusedConfiguration = z.object({
  /** `api`, or the id of an ingester. */
  process: z.string(),
  /** The error, in one line. */
  error: z.string(),
  /** Every problem, each with file, line and column. */
  problems: z.array(z.string()),
  /** When it was first rejected, RFC 3339. */
  since: z.string(),
});
export type RefusedConfiguration = z.infer<typeof RefusedConfiguration>;

/** The body of `GET /health/clusters` (design.md, "Health Status Structure"). */
export interface HealthSummary {
  clusters: ClusterHealth[];
  /** Present while a process rejects a changed configuration: the first such process. */
  configuration?: RefusedConfiguration;
  summary: {
    total: number;
    active: number;
    /** Every cluster that is not active. */
    unhealthy: number;
    /** Every cluster that is watched only in part, active or not. */
    degraded: number;
    triage_enabled: number;
  };
}

/** Builds the health response: the clusters, and their number by state. */
export function summarizeHealth(clusters: ClusterHealth[]): HealthSummary {
  const active = clusters.filter((cluster) => cluster.status === 'active').length;
  return {
    clusters,
    summary: {
      total: clusters.length,
      active,
      unhealthy: clusters.length - active,
      degraded: clusters.filter((cluster) => cluster.degraded !== undefined).length,
      triage_enabled: clusters.filter((cluster) => cluster.triage_enabled).length,
    },
  };
}
