import type { ResourceReference } from '@nightcrier/core/faults/fault';
import type { AnyObject, Meta, ObjectOf, Pod, WatchedKind } from './kinds.ts';
import { KINDS, WATCHED_KINDS } from './kinds.ts';

type Objects = { [K in WatchedKind]: Map<string, ObjectOf<K>> };

/** `shop/cart`; `/node-1` for objects of the cluster. */
export function nameKey({ namespace, name }: { namespace?: string | null | undefined; name: string }): string {
  return `${namespace ?? ''}/${name}`;
}

/** How faults name an object. */
export function referenceTo(kind: WatchedKind, { name, namespace, uid }: Meta): ResourceReference {
  const { apiVersion, kind: name_ } = KINDS[kind];
  return { apiVersion, kind: name_, name, ...(namespace && { namespace }), ...(uid && { uid }) };
}

/** The objects of one cluster as they were last seen, by kind and name. */
export class ClusterObjects {
  readonly #objects: Objects = {
    events: new Map(),
    nodes: new Map(),
    namespaces: new Map(),
    deployments: new Map(),
    replicasets: new Map(),
    statefulsets: new Map(),
    daemonsets: new Map(),
    cronjobs: new Map(),
    jobs: new Map(),
    pods: new Map(),
    persistentvolumeclaims: new Map(),
    services: new Map(),
    resourcequotas: new Map(),
    horizontalpodautoscalers: new Map(),
    certificates: new Map(),
  };
  readonly #known = new Set<WatchedKind>();
  readonly #podsByNamespace = new Map<string, Map<string, Pod>>();

  get<K extends WatchedKind>(
    kind: K,
    name: { namespace?: string | null | undefined; name: string },
  ): ObjectOf<K> | undefined {
    return this.#objects[kind].get(nameKey(name));
  }

  all<K extends WatchedKind>(kind: K): Iterable<ObjectOf<K>> {
    return this.#objects[kind].values();
  }

  /** Names of all objects of a kind, see {@link nameKey}. */
  names(kind: WatchedKind): string[] {
    return [...this.#objects[kind].keys()];
  }

  /** Whether objects of this kind that exist are here: an object that is not does not exist. */
  knows(kind: WatchedKind): boolean {
    return this.#known.has(kind);
  }

  /** From now on, or until it is set back, all objects of a kind are here. */
  setKnown(kind: WatchedKind, known: boolean): void {
    if (known) this.#known.add(kind);
    else this.#known.delete(kind);
  }

  podsOf(namespace: string | null | undefined): Iterable<Pod> {
    return this.#podsByNamespace.get(namespace ?? '')?.values() ?? [];
  }

  put<K extends WatchedKind>(kind: K, object: ObjectOf<K>): void {
    const key = nameKey(object.metadata);
    const objects: Map<string, ObjectOf<K>> = this.#objects[kind];
    objects.set(key, object);
    if (kind === 'pods') this.#indexPod(key);
  }

  /** @returns the object that was removed */
  remove(kind: WatchedKind, key: string): AnyObject | undefined {
    const object = this.#objects[kind].get(key);
    this.#objects[kind].delete(key);
    if (kind === 'pods' && object) {
      const namespace = object.metadata.namespace ?? '';
      const pods = this.#podsByNamespace.get(namespace);
      pods?.delete(key);
      if (pods?.size === 0) this.#podsByNamespace.delete(namespace);
    }
    return object;
  }

  /** How many objects of all kinds there are. */
  get size(): number {
    return WATCHED_KINDS.reduce((sum, kind) => sum + this.#objects[kind].size, 0);
  }

  #indexPod(key: string): void {
    const pod = this.#objects.pods.get(key);
    if (!pod) return;
    const namespace = pod.metadata.namespace ?? '';
    const pods = this.#podsByNamespace.get(namespace) ?? new Map<string, Pod>();
    pods.set(key, pod);
    this.#podsByNamespace.set(namespace, pods);
  }
}
