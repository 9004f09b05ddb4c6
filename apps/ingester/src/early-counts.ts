import type { EarlyOutcome, MalformedCount } from '@nightcrier/state/intake-counters';

/** What the counts are written to; rejects while Redis is away. */
export type WriteCount = (cluster: string, counted: EarlyOutcome | MalformedCount, by: number) => Promise<void>;

interface Count {
  cluster: string;
  counted: EarlyOutcome | MalformedCount;
  by: number;
}

/**
 * Counts of faults that do not get as far as admission. They are summed up here and written at an interval: a flood of
 * filtered events costs Redis next to nothing, and none is missing from the books after an outage.
 */
export class EarlyCounts {
  readonly #write: WriteCount;
  readonly #timer: NodeJS.Timeout;
  readonly #pending = new Map<string, Count>();
  #flushing: Promise<void> | undefined;

  constructor(write: WriteCount, intervalMs = 500) {
    this.#write = write;
    this.#timer = setInterval(() => void this.flush(), intervalMs);
  }

  add(cluster: string, counted: EarlyOutcome | MalformedCount, by = 1): void {
    const key = `${typeof counted === 'string' ? counted : `malformed:${counted.malformed}`}:${cluster}`;
    const count = this.#pending.get(key) ?? { cluster, counted, by: 0 };
    count.by += by;
    this.#pending.set(key, count);
  }

  /** Writes what is there; what cannot be written stays. Never rejects. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Writes the rest and ends. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flushing;
    await this.flush();
  }

  async #flush(): Promise<void> {
    const counts = [...this.#pending.values()];
    this.#pending.clear();
    const keep = ({ cluster, counted, by }: Count): void => this.add(cluster, counted, by);
    await Promise.all(
      counts.map((count) => this.#write(count.cluster, count.counted, count.by).catch(() => keep(count))),
    );
  }
}
