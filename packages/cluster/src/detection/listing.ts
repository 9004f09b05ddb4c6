import { nameKey, nameOf, type ObjectName } from './objects/cluster-objects.ts';
import type { Freshness } from './freshness.ts';
import type { ObjectOf, WatchedKind } from './objects/kinds.ts';
import type { Suspects } from './suspects.ts';

/**
 * A whole list of the objects of one kind, taken in parts. Objects count as soon as they are put; only at the end is it known
 * which of the earlier ones no longer exist. A list that does not end changes nothing else.
 */
export class Listing<K extends WatchedKind> {
  readonly #kind: K;
  readonly #suspects: Suspects;
  readonly #fresh: Freshness;
  readonly #listed = new Set<string>();
  readonly #wasCurrent: boolean;
  readonly #isFollowed: boolean;

  /** @param isFollowed whether changes of the objects are noticed from the list on */
  constructor(kind: K, suspects: Suspects, fresh: Freshness, isFollowed: boolean) {
    this.#isFollowed = isFollowed;
    this.#kind = kind;
    this.#suspects = suspects;
    this.#fresh = fresh;
    this.#wasCurrent = fresh.has(kind);
  }

  /** Takes objects of the list. */
  put(objects: readonly ObjectOf<K>[], now: number): void {
    for (const { metadata } of objects) this.#listed.add(nameKey(metadata));
    this.#suspects.put(this.#kind, objects, now, this.#wasCurrent);
  }

  /** Takes an object of the list that has not changed. @returns whether it is here */
  keep(name: ObjectName, now: number): boolean {
    this.#listed.add(nameKey(name));
    this.#suspects.noteRead(this.#kind, name, now);
    return this.#suspects.objects.get(this.#kind, name) !== undefined;
  }

  /**
   * Objects that were not listed no longer exist.
   * @param blind namespaces that could not be listed: their objects fire nothing and clear nothing
   */
  end(blind: ReadonlySet<string> = new Set()): void {
    this.#suspects.setKnown(this.#kind, true);
    this.#fresh.set(this.#kind, blind, this.#isFollowed);
    for (const key of this.#suspects.objects.names(this.#kind)) {
      const name = nameOf(key);
      if (!this.#listed.has(key) && !blind.has(name.namespace)) this.#suspects.remove(this.#kind, name);
    }
  }
}
