import type { ResourceReference } from '@nightcrier/core/faults/fault';
import {
  type AnyObject,
  KINDS,
  type Meta,
  type ObjectOf,
  type Pod,
  type Replicated,
  type WatchedKind,
} from './kinds.ts';
import { LabelIndex } from './label-index.ts';

/** Kinds that run pods from a template. */
export const TEMPLATED = ['deployments', 'statefulsets', 'daemonsets', 'replicasets'] as const;
/** Labels, as a selector wants them. */
export type Selector = readonly (readonly [string, string])[];

/** Objects of one kind: by namespace (empty for objects of the cluster), then by name. */
type OfKind<K extends WatchedKind> = Map<string, Map<string, ObjectOf<K>>>;
type Objects = { [K in WatchedKind]?: OfKind<K> };

export interface ObjectName {
  namespace?: string | null | undefined;
  name: string;
}

/** `shop/cart`; `/node-1` for objects of the cluster. */
export function nameKey({ namespace, name }: ObjectName): string {
  return `${namespace ?? ''}/${name}`;
}

/** The opposite of {@link nameKey}. */
export function nameOf(key: string): { namespace: string; name: string } {
  const at = key.indexOf('/');
  return { namespace: key.slice(0, at), name: key.slice(at + 1) };
}

/** How faults name an object. */
export function referenceTo(kind: WatchedKind, { name, namespace, uid }: Meta): ResourceReference {
  const { apiVersion, kind: name_ } = KINDS[kind];
  return { apiVersion, kind: name_, name, ...(namespace && { namespace }), ...(uid && { uid }) };
}

/** The objects of one cluster as they were last seen, by kind, namespace and name. */
export class ClusterObjects {
  readonly #objects: Objects = {};
  readonly #known = new Set<WatchedKind>();
  readonly #podIndexes = new Map<string, LabelIndex<Pod>>();
  readonly #templateIndexes = new Map<string, LabelIndex<Replicated>>();
  #size = 0;

  get<K extends WatchedKind>(kind: K, { namespace, name }: ObjectName): ObjectOf<K> | undefined {
    return this.#kind(kind)
      ?.get(namespace ?? '')
      ?.get(name);
  }

  *all<K extends WatchedKind>(kind: K): Iterable<ObjectOf<K>> {
    for (const objects of this.#kind(kind)?.values() ?? []) yield* objects.values();
  }

  /** The objects of a kind in one namespace. */
  in<K extends WatchedKind>(kind: K, namespace: string | null | undefined): IteratorObject<ObjectOf<K>> {
    return (this.#kind(kind)?.get(namespace ?? '') ?? new Map<string, ObjectOf<K>>()).values();
  }

  podsOf(namespace: string | null | undefined): IteratorObject<Pod> {
    return this.in('pods', namespace);
  }

  /** The pods of a namespace that a selector matches. */
  podsMatching(namespace: string | null | undefined, selector: Selector): Pod[] {
    const key = namespace ?? '';
    let index = this.#podIndexes.get(key);
    if (!index) this.#podIndexes.set(key, (index = new LabelIndex(this.podsOf(key), (pod) => pod.metadata.labels)));
    return index.matching(selector);
  }

  /** The workloads of a namespace whose pods a selector matches. */
  templatesMatching(namespace: string | null | undefined, selector: Selector): Replicated[] {
    const key = namespace ?? '';
    let index = this.#templateIndexes.get(key);
    if (!index) {
      const owners = TEMPLATED.flatMap((kind) => [...this.in(kind, key)]);
      index = new LabelIndex(owners, ({ spec }) => spec?.template?.metadata?.labels);
      this.#templateIndexes.set(key, index);
    }
    return index.matching(selector);
  }

  /** Drops what selectors were answered from: it takes memory, and is made again when it is needed. */
  dropIndexes(): void {
    this.#podIndexes.clear();
    this.#templateIndexes.clear();
  }

  /** Names of all objects of a kind, see {@link nameKey}. */
  names(kind: WatchedKind): string[] {
    return [...(this.#kind(kind) ?? [])].flatMap(([namespace, objects]) =>
      [...objects.keys()].map((name) => nameKey({ namespace, name })),
    );
  }

  /** Namespaces with objects of a kind. */
  namespacesWith(kind: WatchedKind): string[] {
    return [...(this.#kind(kind)?.keys() ?? [])];
  }

  /** Whether objects of this kind that exist are here: an object that is not does not exist. */
  knows(kind: WatchedKind): boolean {
    return this.#known.has(kind);
  }

  /** From now on, or until it is set back, all objects of a kind are here. @returns whether that is a change */
  setKnown(kind: WatchedKind, known: boolean): boolean {
    if (known === this.#known.has(kind)) return false;
    if (known) this.#known.add(kind);
    else this.#known.delete(kind);
    return true;
  }

  /** @returns the object as it was */
  put<K extends WatchedKind>(kind: K, object: ObjectOf<K>): ObjectOf<K> | undefined {
    const { namespace, name } = object.metadata;
    const ofKind = this.#kind(kind) ?? this.#addKind(kind);
    let objects = ofKind.get(namespace ?? '');
    if (!objects) ofKind.set(namespace ?? '', (objects = new Map()));
    const before = objects.get(name);
    if (!before) this.#size += 1;
    objects.set(name, object);
    this.#outdateIndexes(kind, namespace);
    return before;
  }

  /** @returns the object that was removed */
  remove(kind: WatchedKind, { namespace, name }: ObjectName): AnyObject | undefined {
    const ofKind = this.#kind(kind);
    const objects = ofKind?.get(namespace ?? '');
    const object = objects?.get(name);
    if (!ofKind || !objects || !object) return undefined;
    objects.delete(name);
    if (objects.size === 0) ofKind.delete(namespace ?? '');
    this.#size -= 1;
    this.#outdateIndexes(kind, namespace);
    return object;
  }

  /** How many objects of all kinds there are. */
  get size(): number {
    return this.#size;
  }

  #outdateIndexes(kind: WatchedKind, namespace: string | null | undefined): void {
    if (kind === 'pods') this.#podIndexes.delete(namespace ?? '');
    else this.#templateIndexes.delete(namespace ?? '');
  }

  #kind<K extends WatchedKind>(kind: K): OfKind<K> | undefined {
    return this.#objects[kind];
  }

  #addKind<K extends WatchedKind>(kind: K): OfKind<K> {
    const ofKind: OfKind<K> = new Map();
    const objects: { [P in K]?: OfKind<K> } = this.#objects;
    objects[kind] = ofKind;
    return ofKind;
  }
}
