import { type ObjectName, nameKey } from './objects/cluster-objects.ts';
import type { WatchedKind } from './objects/kinds.ts';

/** How long what was read of one object counts as up to date where its kind is not followed, ms. */
const FRESH_MS = 5_000;

/** Identifies an object within its cluster: kind, namespace and name. */
export function objectId(kind: WatchedKind, name: ObjectName): string {
  return `${kind}|${nameKey(name)}`;
}

/** Which of a cluster's objects are up to date: only those fire and clear symptoms. */
export class Freshness {
  /** Kinds whose objects are up to date. */
  readonly #current = new Set<WatchedKind>();
  /** Of these, the kinds that were listed, and that nothing has followed since. */
  readonly #listed = new Set<WatchedKind>();
  /** Kinds that cannot be read at all. */
  readonly #unreadable = new Set<WatchedKind>();
  /** Namespaces that cannot be read of a kind that is up to date otherwise. */
  #blind: Map<WatchedKind, ReadonlySet<string>> | undefined;
  /** When an object of a kind that is not followed was read by itself, by id; ms since the epoch. */
  #readAt: Map<string, number> | undefined;

  /** Whether all objects of a kind are up to date, as far as its namespaces can be read. */
  has(kind: WatchedKind): boolean {
    return this.#current.has(kind);
  }

  /**
   * @param blind namespaces that cannot be read
   * @param isFollowed whether changes are noticed from now on
   */
  set(kind: WatchedKind, blind: ReadonlySet<string> = new Set(), isFollowed = true): void {
    this.#current.add(kind);
    if (isFollowed) this.#listed.delete(kind);
    else this.#listed.add(kind);
    this.#unreadable.delete(kind);
    if (blind.size > 0) (this.#blind ??= new Map()).set(kind, blind);
    else this.#blind?.delete(kind);
  }

  /** Whether a change of an object of this kind would have been noticed. */
  isFollowed(kind: WatchedKind): boolean {
    return this.#current.has(kind) && !this.#listed.has(kind);
  }

  lose(kind: WatchedKind): void {
    this.#current.delete(kind);
  }

  loseAll(): void {
    this.#current.clear();
  }

  setUnreadable(kind: WatchedKind): void {
    this.#current.delete(kind);
    this.#unreadable.add(kind);
  }

  isUnreadable(kind: WatchedKind): boolean {
    return this.#unreadable.has(kind);
  }

  /** Whether the objects of a kind in a namespace are up to date. */
  covers(kind: WatchedKind, namespace: string | null | undefined): boolean {
    return this.#current.has(kind) && !this.#blind?.get(kind)?.has(namespace ?? '');
  }

  /** Whether one object is up to date. */
  isCurrent(kind: WatchedKind, name: ObjectName, now: number): boolean {
    if (this.covers(kind, name.namespace)) return true;
    const readAt = this.#readAt?.get(objectId(kind, name));
    return readAt !== undefined && now - readAt <= FRESH_MS;
  }

  /** Notes that one object was read by itself. */
  noteRead(kind: WatchedKind, name: ObjectName, now: number): void {
    if (!this.covers(kind, name.namespace)) (this.#readAt ??= new Map()).set(objectId(kind, name), now);
  }

  forgetOld(now: number): void {
    for (const [id, at] of this.#readAt ?? []) if (now - at > FRESH_MS) this.#readAt?.delete(id);
  }
}
