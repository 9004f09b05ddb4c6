import { z } from 'zod';
import { Alert } from '../alerts/alert.ts';
import { ClusterPermissions } from '../permissions/cluster-permissions.ts';
import { FaultEvent } from '../faults/fault.ts';

/** The path by which a fault was received. */
export const FAULT_SOURCES = ['subscription', 'poll', 'resync'] as const;
export const FaultSource = z.enum(FAULT_SOURCES);
export type FaultSource = z.infer<typeof FaultSource>;

/**
 * A fault with the context of its cluster (design.md, "ClusterEvent"). Contains everything about the cluster that triage
 * needs, so that a worker depends on the queue alone. Carries the *path* of the kubeconfig, never its content.
 */
export const ClusterEvent = z.object({
  cluster_name: z.string().min(1),
  environment: z.string().optional(),
  labels: z.record(z.string(), z.string()),
  /** Absolute path of the kubeconfig for triage; missing when triage is disabled. */
  kubeconfig: z.string().optional(),
  /** Missing when the preflight could not reach the cluster's API server. */
  permissions: ClusterPermissions.optional(),
  event: FaultEvent,
  source: FaultSource,
  /** Key of the problem that the fault belongs to, see `problemKey`; missing in events of older versions. */
  problem: z.string().optional(),
  /** Value of the annotation `nightcrier.io/silence` on its object, an owner or the namespace, as far as they are known. */
  silence: z.string().optional(),
  /** Name of the node that the object of the fault runs on, as far as it is known. */
  node: z.string().optional(),
  /** Images of the containers that the fault is about, as far as they are known. */
  images: z.array(z.string()).optional(),
  /** The alert that the fault was received as; missing for one that a cluster reported. */
  alert: Alert.optional(),
  /** When the ingester received it, RFC 3339. */
  received_at: z.string(),
});
export type ClusterEvent = z.infer<typeof ClusterEvent>;
