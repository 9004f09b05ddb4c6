import type { Logger } from '@nightcrier/core/logger';
import type { CountBatch, EarlyCount, EarlyOutcome, MalformedCount } from '@nightcrier/state/admission/intake-counters';
import type { AdoptedCounts, CountsStore } from '../spool/counts-store.ts';

export interface EarlyCountsOptions {
  /** What the counts are written to, once however often a batch is sent; rejects while Redis is away. */
  write: (batch: CountBatch) => Promise<void>;
  store: CountsStore;
  logger: Logger;
  /** Between two writes, ms. */
  interval?: number;
}

const INTERVAL_MS = 500;
/** Without an answer for so long, Redis is taken to be away, ms. */
const PATIENCE_MS = 250;
/** While Redis is away, what was counted is on disk after so long, ms. */
const KEEP_DELAY_MS = 100;
const ADOPT_INTERVAL_MS = 20_000;

/**
 * Counts of faults that do not get as far as admission. They are summed up here and written at an interval: a flood of
 * filtered events costs Redis next to nothing. While Redis is away they are kept on disk, so that they outlive this
 * process; the next ingester takes them over. Batches are numbered, and none counts twice.
 */
export class EarlyCounts {
  readonly #options: EarlyCountsOptions;
  readonly #timers: NodeJS.Timeout[];
  readonly #pending = new Map<string, EarlyCount>();
  /** Sent, and not known to be counted. */
  #sent: CountBatch | undefined;
  #sequence = 0;
  #adopted: AdoptedCounts[] = [];
  #away = false;
  #keeping: NodeJS.Timeout | undefined;
  #diskFailed = false;
  #flushing: Promise<void> | undefined;

  constructor(options: EarlyCountsOptions) {
    this.#options = options;
    this.#timers = [
      setInterval(() => void this.flush(), options.interval ?? INTERVAL_MS),
      setInterval(() => this.#adopt(), ADOPT_INTERVAL_MS),
    ];
    this.#adopt();
  }

  add(cluster: string, counted: EarlyOutcome | MalformedCount, by = 1): void {
    const outcome = typeof counted === 'string' ? counted : counted.harmless ? undefined : 'malformed';
    const malformed = typeof counted === 'string' ? undefined : counted.malformed;
    const key = `${outcome}:${malformed}:${cluster}`;
    const known = this.#pending.get(key);
    if (known) known.by += by;
    else this.#pending.set(key, { cluster, ...(outcome && { outcome }), ...(malformed && { malformed }), by });
    if (this.#away) this.#keeping ??= setTimeout(() => this.#keep(), KEEP_DELAY_MS);
  }

  /** Writes what is there; what cannot be written stays. Never rejects. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Writes the rest and ends; what cannot be written waits on disk for the next start. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#flushing;
    await this.flush();
    this.#keep();
    this.#onDisk(() => this.#options.store.release());
  }

  async #flush(): Promise<void> {
    const patience = setTimeout(() => this.#stall(), PATIENCE_MS);
    try {
      for (const adopted of this.#adopted) {
        for (const batch of adopted.batches) await this.#options.write(batch);
        this.#onDisk(() => this.#options.store.remove(adopted));
        this.#adopted = this.#adopted.filter((other) => other !== adopted);
      }
      // What could not be written the last time, then what has come since.
      for (let batches = 0; batches < 2; batches += 1) {
        this.#sent ??= this.#take();
        if (!this.#sent) break;
        await this.#options.write(this.#sent);
        this.#sent = undefined;
      }
      if (this.#away) {
        this.#away = false;
        this.#keep();
      }
    } catch {
      this.#stall();
    } finally {
      clearTimeout(patience);
    }
  }

  /** What was counted since the last batch. */
  #next(): CountBatch | undefined {
    if (this.#pending.size === 0) return undefined;
    const counts = Array.from(this.#pending.values(), (count) => ({ ...count }));
    return { source: this.#options.store.source, sequence: this.#sequence + 1, counts };
  }

  #take(): CountBatch | undefined {
    const batch = this.#next();
    this.#pending.clear();
    this.#sequence = batch?.sequence ?? this.#sequence;
    return batch;
  }

  #stall(): void {
    this.#away = true;
    this.#keep();
  }

  #keep(): void {
    clearTimeout(this.#keeping);
    this.#keeping = undefined;
    const batches = [this.#sent, this.#next()].filter((batch) => batch !== undefined);
    this.#onDisk(() => this.#options.store.keep(batches));
  }

  #adopt(): void {
    this.#onDisk(() => {
      for (const adopted of this.#options.store.adopt()) this.#adopted.push(adopted);
    });
  }

  /** Where the disk fails, the counts are in memory alone; the spool says so in the health. */
  #onDisk(access: () => void): void {
    try {
      access();
      this.#diskFailed = false;
    } catch (error) {
      if (!this.#diskFailed) this.#options.logger.error({ error }, 'counts of the books cannot be kept in spool_dir');
      this.#diskFailed = true;
    }
  }
}
