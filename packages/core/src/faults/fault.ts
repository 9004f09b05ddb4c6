import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Severity } from './severity.ts';

// Kubernetes names have at most 253 characters. The bounds leave room for servers that add a prefix or suffix.
const name = z.string().min(1).max(512);

/** The Kubernetes object that a fault or event refers to. `uid` is missing only if the server does not report it. */
export const ResourceReference = z.object({
  apiVersion: z.string().max(256).default('v1'),
  kind: name,
  name,
  namespace: z.string().max(512).optional(),
  uid: z.string().max(256).optional(),
});
export type ResourceReference = z.infer<typeof ResourceReference>;

/** Maximum length of a fault id, in characters. */
export const LONGEST_FAULT_ID = 256;

/** A fault of one resource, as an MCP server reports it. Field names are those on the wire. */
export const FaultEvent = z.object({
  /** Identity of the fault. See {@link faultFingerprint}. */
  faultId: z.string().min(1).max(LONGEST_FAULT_ID),
  /** The server's type (PodCrash, CrashLoop, NodeUnhealthy, DeploymentFailure, JobFailure) or an event's reason. */
  faultType: name,
  severity: Severity,
  resource: ResourceReference,
  /** The failing container, if the fault has one. */
  container: z.string().max(512).optional(),
  /** Free text from the server. */
  context: z.string().max(65_536).optional(),
  /** When the fault occurred, RFC 3339. */
  timestamp: z.iso.datetime({ offset: true }),
});
export type FaultEvent = z.infer<typeof FaultEvent>;

/**
 * Computes the identity of a fault: the first 16 hexadecimal digits of sha256(`cluster:faultType:resourceUID:container`).
 * The server computes its `faultId` in the same way, so a fault that the server reports and the same fault found by a
 * poll have one identity. Without a uid, kind, namespace and name of the resource are hashed instead.
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

/** Formats a resource as `Pod shop/cart-7d4b9c-abcde`, or `Node node-1` without a namespace. */
export function describeResource(resource: ResourceReference): string {
  return `${resource.kind} ${resource.namespace ? `${resource.namespace}/` : ''}${resource.name}`;
}
