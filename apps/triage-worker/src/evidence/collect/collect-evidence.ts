import type { Kubernetes } from '@nightcrier/cluster/kubernetes/client';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { together } from '@nightcrier/core/async/together';
import { collectDependencies } from './collect-dependencies.ts';
import { collectLogs } from './collect-logs.ts';
import { collectConfigMaps, collectNodes, collectVolumeClaims } from './collect-needs.ts';
import { collectPods } from './collect-pods.ts';
import type { Collection } from './collection.ts';
import type { Evidence, ObjectPiece } from '../evidence.ts';
import { EvidenceReader, type ObjectReference } from '../evidence-reader.ts';

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
  const reader = new EvidenceReader(kubernetes, now, signal);
  const part = (): Collection => ({ reader, fault, pieces: [] });
  // The parts stand in this order, whichever of them comes first.
  const parts = {
    resource: part(),
    owners: part(),
    pods: part(),
    nodes: part(),
    events: part(),
    claims: part(),
    configMaps: part(),
    logs: part(),
  };

  // The resource's events outlive it, so they are asked for even when it is gone.
  const [resource] = await together(collectResource(parts.resource), collectEvents(parts.events, [fault.resource]));
  const owners = collectOwners(parts.owners, resource);
  const pods = collectPods(parts.pods, resource);
  const nodes = pods.then(async (found) => collectNodes(parts.nodes, found));
  const related = Promise.all([owners, pods, nodes]).then((found) => [...setsIn(parts.pods), ...found.flat()]);
  await allSettled([
    owners,
    related.then(async (found) => collectEvents(parts.events, found.map(referenceTo).filter(isNot(fault.resource)))),
    pods.then(async (found) => collectVolumeClaims(parts.claims, found)),
    pods.then(async (found) => collectConfigMaps(parts.configMaps, found)),
    pods.then(async (found) => collectLogs(parts.logs, found)).then(async () => collectDependencies(parts.logs)),
  ]);
  return { collectedAt, pieces: Object.values(parts).flatMap(({ pieces }) => pieces) };
}

/** Fails as the first of them, once all have ended. */
async function allSettled(work: Promise<unknown>[]): Promise<void> {
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

async function collectEvents({ reader, pieces }: Collection, subjects: ObjectReference[]): Promise<void> {
  const unique = new Map(subjects.map((subject) => [nameOf(subject), subject]));
  pieces.push(...(await Promise.all([...unique.values()].map((subject) => reader.events(subject)))));
}

function isNot(one: ObjectReference): (other: ObjectReference) => boolean {
  return (other) => nameOf(other) !== nameOf(one);
}

function nameOf({ kind, namespace, name }: ObjectReference): string {
  return `${kind}/${namespace}/${name}`;
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
