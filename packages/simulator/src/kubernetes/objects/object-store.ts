import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from './kubernetes-object.ts';
import { typeOf, type ResourceType } from './resource-types.ts';

/** One change, as a watch event. */
export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  resourceType: ResourceType;
  object: KubernetesObject;
  /** The object before a modification. */
  before?: KubernetesObject | undefined;
  resourceVersion: number;
}

/** Number of changes kept for watches from an older resourceVersion, about as many as in a real API server. */
const HISTORY = 1000;

/**
 * The objects of one simulated cluster, like etcd. Every change gets the next resourceVersion, is kept for watches that start
 * later, and is sent to the watchers at once. Stored objects are never modified, so a reader's copy does not change.
 */
export class ObjectStore {
  readonly #objects = new Map<ResourceType, Map<string, KubernetesObject>>();
  readonly #watchers = new Set<(change: Change) => void>();
  readonly #history: Change[] = [];
  #version = 1;

  /** resourceVersion of the latest change. */
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
    this.#record(existing ? 'MODIFIED' : 'ADDED', type, stored, existing);
    return stored;
  }

  /** Removes an object and returns it, undefined if it does not exist. */
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

  /** Returns all objects of a type, or those of one namespace, in the order of etcd: namespace, name. */
  list(type: ResourceType, namespace?: string): KubernetesObject[] {
    return [...this.#objectsOf(type)]
      .filter(([, object]) => namespace === undefined || object.metadata.namespace === namespace)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([, object]) => object);
  }

  /** Returns the changes after a version, oldest first; undefined if some are no longer kept ("410 Gone"). */
  changesSince(version: number): Change[] | undefined {
    const oldest = this.#history[0]?.resourceVersion ?? this.#version + 1;
    if (version < oldest - 1) return undefined;
    return this.#history.filter((change) => change.resourceVersion > version);
  }

  /** Calls the listener for every later change. Returns a function that removes it. */
  watch(listener: (change: Change) => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  #objectsOf(type: ResourceType): Map<string, KubernetesObject> {
    let objects = this.#objects.get(type);
    if (!objects) this.#objects.set(type, (objects = new Map()));
    return objects;
  }

  /** Forgets the changes so far: a watch from an older version gets "410 Gone", as after a compaction of etcd. */
  compact(): void {
    this.#version += 1;
    this.#history.length = 0;
  }

  #record(kind: Change['type'], resourceType: ResourceType, object: KubernetesObject, before?: KubernetesObject): void {
    this.#version += 1;
    const change: Change = { type: kind, resourceType, object, before, resourceVersion: this.#version };
    this.#history.push(change);
    if (this.#history.length > HISTORY) this.#history.shift();
    for (const watcher of this.#watchers) watcher(change);
  }
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}
