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
  // What follows does not wait for each other, and stands in the same order whatever comes first.
  const [nodes, claims, configMaps, logs] = [fork(collection), fork(collection), fork(collection), fork(collection)];
  await allSettled([
    collectNodes(nodes, pods).then((found) =>
      collectEvents(nodes, [...setsIn(collection), ...owners, ...pods, ...found]),
    ),
    collectVolumeClaims(claims, pods),
    collectConfigMaps(configMaps, pods),
    collectLogs(logs, pods).then(() => collectDependencies(logs)),
  ]);
  return { collectedAt, pieces: [collection, nodes, claims, configMaps, logs].flatMap(({ pieces }) => pieces) };
}

function fork(collection: Collection): Collection {
  return { ...collection, pieces: [] };
}

/** Fails as the first of them, once all have ended. */
async function allSettled(work: Promise<void>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}

function setsIn({ pieces }: Collection): ObjectPiece[] {
  return pieces.filter((piece): piece is ObjectPiece => piece.type === 'object' && piece.role === 'replicaSet');
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
  const subjects = [{ apiVersion, kind, name, namespace }, ...related.map(referenceTo)];
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
