/** The leases that this ingester holds, as far as it knows. {@link LeaseKeeper} alone changes them. */
export class HeldLeases {
  #tokens: ReadonlyMap<string, number> = new Map();

  /** Fencing token by cluster. */
  get tokens(): ReadonlyMap<string, number> {
    return this.#tokens;
  }

  /** Returns the fencing token of a cluster; undefined when this ingester does not hold it. */
  tokenOf(cluster: string): number | undefined {
    return this.#tokens.get(cluster);
  }

  replace(tokens: ReadonlyMap<string, number>): void {
    this.#tokens = tokens;
  }
}
