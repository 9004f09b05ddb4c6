import type { ResourceReference } from '@nightcrier/core/faults/fault';
import { SILENCE_ANNOTATION } from '@nightcrier/core/silences/silence-annotation';
import { workloadByName, type Workload } from '@nightcrier/core/problems/problem-key';
import type { ClusterObjects } from './cluster-objects.ts';
import { type Meta, type Owner, watchedKindOf } from './kinds.ts';

/** Kinds whose objects run pods. Their name alone names the workload. */
const RUN_PODS = new Set([
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'Pod',
  'ReplicationController',
]);
/** The top of a chain, also where an operator's own resource owns it: people know the Deployment by its name. */
const TOPS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob']);

/** A chain of owners is short; a longer one is a cycle. */
const LONGEST_CHAIN = 8;

/**
 * The workload of an object: follows its controllers to the one that nothing owns, such as a pod's ReplicaSet and its
 * Deployment. Where an owner is not among the objects, its name tells the rest. A node's static pods belong to
 * themselves, not to the node.
 */
export function workloadOfObject(
  kind: string,
  metadata: Pick<Meta, 'name' | 'namespace' | 'ownerReferences'>,
  objects: ClusterObjects,
): Workload {
  const { namespace } = metadata;
  const scope = namespace ? { namespace } : {};
  let link = { kind, name: metadata.name, owners: metadata.ownerReferences };
  for (let steps = 0; steps < LONGEST_CHAIN; steps += 1) {
    const owner = controllerOf(link.owners ?? []);
    const ownerKind = owner && watchedKindOf(owner.kind);
    if (!owner || owner.kind === 'Node' || (TOPS.has(link.kind) && !ownerKind)) break;
    const found = ownerKind && objects.get(ownerKind, { namespace, name: owner.name });
    if (!found) return { ...scope, name: nameOfUnseen(owner) };
    link = { kind: owner.kind, name: owner.name, owners: found.metadata.ownerReferences };
  }
  return { ...scope, name: RUN_PODS.has(link.kind) ? link.name : `${link.kind}/${link.name}` };
}

/** The workload of a resource: by its owners where the object is known, else by its name. */
export function workloadOfResource(resource: ResourceReference, objects: ClusterObjects): Workload {
  const kind = watchedKindOf(resource.kind);
  const object = kind && objects.get(kind, resource);
  return object ? workloadOfObject(resource.kind, object.metadata, objects) : workloadByName(resource);
}

/** Where a resource runs, and what: see `ClusterEvent`. */
export interface ResourcePlace {
  node?: string;
  images?: string[];
}

/** Returns where a resource runs, and what, as far as it is among the objects. */
export function placeOfResource(resource: ResourceReference, objects: ClusterObjects): ResourcePlace {
  if (resource.kind === 'Node') return { node: resource.name };
  const kind = watchedKindOf(resource.kind);
  if (kind === 'pods') {
    const { spec } = objects.get('pods', resource) ?? {};
    return { ...(spec?.nodeName && { node: spec.nodeName }), ...imagesOf(spec?.containers) };
  }
  if (kind !== 'deployments' && kind !== 'statefulsets' && kind !== 'daemonsets') return {};
  return imagesOf(objects.get(kind, resource)?.spec?.template?.spec?.containers);
}

function imagesOf(containers: readonly { image?: string | null | undefined }[] | null | undefined): ResourcePlace {
  const images = (containers ?? []).flatMap(({ image }) => image ?? []);
  return images.length === 0 ? {} : { images };
}

/**
 * The annotation `nightcrier.io/silence` that applies to a resource: its own, that of the nearest owner, or that of its namespace,
 * as far as they are among the objects.
 * @returns the value, `none` where there is no such annotation, and undefined where the resource is not known
 */
export function silenceOfResource(resource: ResourceReference, objects: ClusterObjects): string | undefined {
  const { namespace } = resource;
  const kind = watchedKindOf(resource.kind);
  const object = kind && objects.get(kind, resource);
  let metadata = object?.metadata;
  for (let steps = 0; steps < LONGEST_CHAIN && metadata; steps += 1) {
    const own = metadata.annotations?.[SILENCE_ANNOTATION];
    if (own) return own;
    const owner = controllerOf(metadata.ownerReferences ?? []);
    const ownerKind = owner && watchedKindOf(owner.kind);
    metadata = ownerKind && objects.get(ownerKind, { namespace, name: owner.name })?.metadata;
  }
  const ofNamespace = namespace && objects.get('namespaces', { name: namespace })?.metadata.annotations;
  const value = ofNamespace ? ofNamespace[SILENCE_ANNOTATION] : undefined;
  return value ?? (object ? 'none' : undefined);
}

function nameOfUnseen({ kind, name }: Owner): string {
  return RUN_PODS.has(kind) ? workloadByName({ apiVersion: '', kind, name }).name : name;
}

function controllerOf(owners: Owner[]): Owner | undefined {
  return owners.find(({ controller }) => controller) ?? owners[0];
}
