import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from './kubernetes-object.ts';
import { typeOf, type ResourceType } from './resource-types.ts';

/** One change, in the form in which a watch reports it. */
export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  resourceType: ResourceType;
  object: KubernetesObject;
  resourceVersion: number;
}

/** Changes kept for watches that start from an older resourceVersion; a real API server keeps about as many. */
const HISTORY = 1000;

/**
 * The objects of one simulated cluster: what etcd is to a real one. Every change gets the next resourceVersion, is
 * remembered for a while, and is told to the watchers at once. Objects are never changed in place once stored, so that
 * what a reader holds stays what it read.
 */
export class ObjectStore {
  readonly #objects = new Map<ResourceType, Map<string, KubernetesObject>>();
  readonly #watchers = new Set<(change: Change) => void>();
  readonly #history: Change[] = [];
  #version = 1;

  /** The version of the latest change. */
  get resourceVersion(): number {
    return this.#version;
  }

  /** Creates the object or replaces the one of the same name. Fills in uid, creationTimestamp and resourceVersion. */
  put(object: KubernetesObject): KubernetesObject {
    const type = typeOf(object);
    const objects = this.#objectsOf(type);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const existing = objects.get(key);
    const stored: KubernetesObject = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: existing?.metadata.uid ?? object.metadata.uid ?? randomUUID(),
        creationTimestamp:
          existing?.metadata.creationTimestamp ??
          object.metadata.creationTimestamp ??
          `${new Date().toISOString().slice(0, 19)}Z`,
        resourceVersion: String(this.#version + 1),
      },
    };
    objects.set(key, stored);
    this.#record(existing ? 'MODIFIED' : 'ADDED', type, stored);
    return stored;
  }

  /** Removes an object and returns it as it was; undefined when there is none. */
  delete(type: ResourceType, namespace: string | undefined, name: string): KubernetesObject | undefined {
    const objects = this.#objectsOf(type);
    const key = keyOf(namespace, name);
    const existing = objects.get(key);
    if (!existing) return undefined;
    objects.delete(key);
    const removed = {
      ...existing,
      metadata: { ...existing.metadata, resourceVersion: String(this.#version + 1) },
    };
    this.#record('DELETED', type, removed);
    return existing;
  }

  get(type: ResourceType, namespace: string | undefined, name: string): KubernetesObject | undefined {
    return this.#objectsOf(type).get(keyOf(namespace, name));
  }

  /** All objects of a type, of one namespace when given, ordered by namespace and name as etcd orders them. */
  list(type: ResourceType, namespace?: string): KubernetesObject[] {
    return [...this.#objectsOf(type)]
      .filter(([, object]) => namespace === undefined || object.metadata.namespace === namespace)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([, object]) => object);
  }

  /** The changes after a version, oldest first; undefined when some of them are forgotten already ("410 Gone"). */
  changesSince(version: number): Change[] | undefined {
    const oldest = this.#history[0]?.resourceVersion ?? this.#version + 1;
    if (version < oldest - 1) return undefined;
    return this.#history.filter((change) => change.resourceVersion > version);
  }

  /** Calls the listener for every change from now on; returns what ends it. */
  watch(listener: (change: Change) => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  #objectsOf(type: ResourceType): Map<string, KubernetesObject> {
    let objects = this.#objects.get(type);
    if (!objects) this.#objects.set(type, (objects = new Map()));
    return objects;
  }

  #record(kind: Change['type'], resourceType: ResourceType, object: KubernetesObject): void {
    this.#version += 1;
    const change: Change = { type: kind, resourceType, object, resourceVersion: this.#version };
    this.#history.push(change);
    if (this.#history.length > HISTORY) this.#history.shift();
    for (const watcher of this.#watchers) watcher(change);
  }
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}
