import { workloadOf } from '../faults/group-key.ts';
import type { ResourceReference } from '../faults/fault.ts';
import { areUnrelated, type FamilyMember, type SymptomFamily, UNRELATED_FAMILIES } from './symptom-families.ts';

/**
 * What a problem is about: the resolved owner of an object. A Deployment's pods, ReplicaSets and HorizontalPodAutoscaler
 * all lead to its name; an object that belongs to no workload is named with its kind (`Node/node-1`).
 */
export interface Workload {
  /** Missing for objects of the cluster. */
  namespace?: string | undefined;
  name: string;
}

/** The workload of a resource as far as its own name tells, for when its owners are not known. */
export function workloadByName(resource: ResourceReference): Workload {
  return { ...(resource.namespace !== undefined && { namespace: resource.namespace }), name: workloadOf(resource) };
}

/** `shop/cart`; `/Node%2Fnode-1`. */
export function workloadKey({ namespace = '', name }: Workload): string {
  return `${encodeURIComponent(namespace.toWellFormed())}/${encodeURIComponent(name.toWellFormed())}`;
}

/** `app/crash`, `-/rollout`: tells the symptoms of one workload apart. */
export function symptomName({ container, family }: FamilyMember): string {
  return `${container === undefined ? '-' : encodeURIComponent(container.toWellFormed())}/${family}`;
}

/** A symptom of one workload. */
export interface SymptomIdentity extends FamilyMember {
  workload: Workload;
}

/**
 * The symptom key within a cluster: workload, container or `-`, symptom family. It is the same for every source, and
 * outlives pods and rollouts.
 */
export function symptomKey(identity: SymptomIdentity): string {
  return `${workloadKey(identity.workload)}/${symptomName(identity)}`;
}

/** A problem that a symptom can join. */
export interface OpenProblem {
  key: string;
  symptoms: readonly FamilyMember[];
}

/**
 * The key, within its cluster, of the problem that a symptom belongs to: that of its workload, unless a symptom of that
 * problem is unrelated. Then it is the next problem of the workload, which is named after the family too.
 * @param open the problems of the same workload that are firing
 */
export function problemKey(identity: SymptomIdentity, open: readonly OpenProblem[] = []): string {
  const own = workloadKey(identity.workload);
  const known = open.find(({ symptoms }) => symptoms.some((symptom) => symptomName(symptom) === symptomName(identity)));
  if (known) return known.key;
  const related = open.filter(({ symptoms }) => symptoms.every((symptom) => !areUnrelated(symptom, identity)));
  const main = related.find(({ key }) => key === own) ?? related[0];
  if (main) return main.key;
  return open.some(({ key }) => key === own) ? splitKey(own, identity.family) : own;
}

/** All keys that problems of a workload can have, that of its own first. */
export function problemKeysOf(workload: Workload): string[] {
  const own = workloadKey(workload);
  return [own, ...[...new Set(UNRELATED_FAMILIES.flat())].map((family) => splitKey(own, family))];
}

/** Returns the workload that a key of {@link problemKey} names. @throws URIError for text that is no such key */
export function workloadOfKey(problem: string): Workload {
  const [, namespace = '', name = problem] = /^([^/]*)\/([^#]*)/.exec(problem) ?? [];
  return { ...(namespace !== '' && { namespace: decodeURIComponent(namespace) }), name: decodeURIComponent(name) };
}

function splitKey(workload: string, family: SymptomFamily): string {
  return `${workload}#${family}`;
}
