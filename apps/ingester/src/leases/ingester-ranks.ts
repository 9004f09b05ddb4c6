import { rankIngesters } from '@nightcrier/core/clusters/placement';

/**
 * The ingesters, ranked for each cluster. Silent ones are not ranked: the others watch their clusters, as if they were leaving.
 * Ranks are cached, because they change only when ingesters come and go.
 */
export class IngesterRanks {
  readonly #id: string;
  readonly #ranks = new Map<string, string[]>();
  #live: readonly string[] = [];
  #silent: ReadonlySet<string> = new Set();
  #ranked: readonly string[] = [];

  /** @param id of this ingester, which is never silent to itself */
  constructor(id: string) {
    this.#id = id;
  }

  /** The ingesters that are ranked, in a fixed order. */
  get ranked(): readonly string[] {
    return this.#ranked;
  }

  /** Those of the live ingesters that are silent. */
  get silent(): string[] {
    return this.#live.filter((id) => !this.#ranked.includes(id));
  }

  /** Replaces the live ingesters that take clusters. */
  setLive(live: readonly string[]): void {
    this.#live = live;
    this.#update();
  }

  setSilent(silent: ReadonlySet<string>): void {
    this.#silent = silent;
    this.#update();
  }

  /** Returns the ingesters for a cluster, the one that should hold its lease first. */
  of(cluster: string): readonly string[] {
    const ranked = this.#ranks.get(cluster) ?? rankIngesters(cluster, this.#ranked);
    this.#ranks.set(cluster, ranked);
    return ranked;
  }

  /** Forgets all clusters but these. */
  keep(clusters: ReadonlySet<string>): void {
    for (const cluster of this.#ranks.keys()) if (!clusters.has(cluster)) this.#ranks.delete(cluster);
  }

  #update(): void {
    const ranked = this.#live.filter((id) => id === this.#id || !this.#silent.has(id)).toSorted();
    if (ranked.join('\n') === this.#ranked.join('\n')) return;
    this.#ranked = ranked;
    this.#ranks.clear();
  }
}
