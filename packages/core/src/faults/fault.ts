import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Severity } from './severity.ts';

// Kubernetes names have at most 253 characters; the bounds leave room for servers that decorate them.
const name = z.string().min(1).max(512);

/** The Kubernetes object that a fault or event is about. `uid` is missing only where the server does not tell it. */
export const ResourceReference = z.object({
  apiVersion: z.string().max(256).default('v1'),
  kind: name,
  name,
  namespace: z.string().max(512).optional(),
  uid: z.string().max(256).optional(),
});
export type ResourceReference = z.infer<typeof ResourceReference>;

/** In characters. */
export const LONGEST_FAULT_ID = 256;

/** What an MCP server reports: one thing that went wrong with one resource. Field names are those on the wire. */
export const FaultEvent = z.object({
  /** Identity of the fault, see {@link faultFingerprint}. */
  faultId: z.string().min(1).max(LONGEST_FAULT_ID),
  /** The server's type (PodCrash, CrashLoop, NodeUnhealthy, DeploymentFailure, JobFailure) or an event's reason. */
  faultType: name,
  severity: Severity,
  resource: ResourceReference,
  /** The container at fault, where there is one. */
  container: z.string().max(512).optional(),
  /** What the server adds in words. */
  context: z.string().max(65_536).optional(),
  /** When it happened, RFC 3339. */
  timestamp: z.iso.datetime({ offset: true }),
});
export type FaultEvent = z.infer<typeof FaultEvent>;

/**
 * The identity of a fault: the first 16 hexadecimal digits of sha256(`cluster:faultType:resourceUID:container`). The
 * server computes its `faultId` in the same way, so that a fault it reports and the same fault found by us meet.
 * Without a uid the resource's kind, namespace and name stand in for it.
 */
export function faultFingerprint(
  clusterName: string,
  faultType: string,
  resource: ResourceReference,
  container = '',
): string {
  const identity = resource.uid ?? `${resource.kind}/${resource.namespace ?? ''}/${resource.name}`;
  return createHash('sha256').update(`${clusterName}:${faultType}:${identity}:${container}`).digest('hex').slice(0, 16);
}

/** `Pod shop/cart-7d4b9c-abcde`, or `Node node-1` for a resource without a namespace. */
export function describeResource(resource: ResourceReference): string {
  return `${resource.kind} ${resource.namespace ? `${resource.namespace}/` : ''}${resource.name}`;
}
