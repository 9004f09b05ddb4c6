import type { Kubernetes } from '@nightcrier/cluster/kubernetes/client';
import type { FaultEvent } from '@nightcrier/core/fault';
import { collectDependencies } from './collect-dependencies.ts';
import { collectLogs } from './collect-logs.ts';
import { collectConfigMaps, collectNodes, collectVolumeClaims } from './collect-needs.ts';
import { collectPods } from './collect-pods.ts';
import type { Collection } from './collection.ts';
import type { Evidence, ObjectPiece } from './evidence.ts';
import { EvidenceReader, type ObjectReference } from './evidence-reader.ts';

const MAX_OWNERS = 4;

/**
 * Saves what an investigation needs and what rotates away: the resource at fault, its owners and pods, their events,
 * logs and nodes. Reads only, and never Secrets or the content of ConfigMaps. A request that fails becomes a gap.
 * @throws KubernetesError for which `isClusterAway` holds, or the signal's reason
 */
export async function collectEvidence(options: {
  kubernetes: Kubernetes;
  fault: FaultEvent;
  now?: () => Date;
  signal?: AbortSignal;
}): Promise<Evidence> {
  const { kubernetes, fault, now = () => new Date(), signal } = options;
  const collectedAt = now().toISOString();
  const collection: Collection = { reader: new EvidenceReader(kubernetes, now, signal), fault, pieces: [] };

  const resource = await collectResource(collection);
  const owners = await collectOwners(collection, resource);
  const pods = await collectPods(collection, resource);
  const nodes = await collectNodes(collection, pods);
  await collectVolumeClaims(collection, pods);
  await collectEvents(collection, [...owners, ...pods, ...nodes]);
  await collectLogs(collection, pods);
  await collectConfigMaps(collection, pods);
  await collectDependencies(collection);
  return { collectedAt, pieces: collection.pieces };
}

async function collectResource({ reader, fault, pieces }: Collection): Promise<ObjectPiece | undefined> {
  const piece = await reader.object('resource', fault.resource);
  pieces.push(piece);
  return piece.type === 'object' ? piece : undefined;
}

/** Pod → ReplicaSet → Deployment, or Pod → Job → CronJob. */
async function collectOwners(
  { reader, pieces }: Collection,
  resource: ObjectPiece | undefined,
): Promise<ObjectPiece[]> {
  const owners: ObjectPiece[] = [];
  let current = resource;
  while (current !== undefined && owners.length < MAX_OWNERS) {
    const owner = ownerOf(current);
    if (owner === undefined) break;
    const piece = await reader.object('owner', owner);
    pieces.push(piece);
    current = piece.type === 'object' ? piece : undefined;
    if (current !== undefined) owners.push(current);
  }
  return owners;
}

/** The resource's events outlive it, so they are asked for even when it is gone. */
async function collectEvents({ reader, fault, pieces }: Collection, related: ObjectPiece[]): Promise<void> {
  const { kind, name, namespace, apiVersion } = fault.resource;
  const sets = pieces.filter((piece): piece is ObjectPiece => piece.type === 'object' && piece.role === 'replicaSet');
  const subjects = [{ apiVersion, kind, name, namespace }, ...[...sets, ...related].map(referenceTo)];
  const unique = new Map(subjects.map((subject) => [`${subject.kind}/${subject.namespace}/${subject.name}`, subject]));
  pieces.push(...(await Promise.all([...unique.values()].map((subject) => reader.events(subject)))));
}

function ownerOf({ object }: ObjectPiece): ObjectReference | undefined {
  const { ownerReferences = [], namespace } = object.metadata ?? {};
  const { apiVersion, kind, name } = ownerReferences.find(({ controller }) => controller) ?? {};
  // The owner of a node's own static pods is the Node itself: nothing to climb.
  if (apiVersion === undefined || kind === undefined || name === undefined || kind === 'Node') return undefined;
  return { apiVersion, kind, name, namespace };
}

function referenceTo({ object }: ObjectPiece): ObjectReference {
  const { apiVersion = 'v1', kind = '', metadata } = object;
  return { apiVersion, kind, name: metadata?.name ?? '', namespace: metadata?.namespace };
}
