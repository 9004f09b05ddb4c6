import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { CountBatch, EarlyCount, EarlyOutcome, MalformedCount } from '@nightcrier/state/admission/intake-counters';
import type { AdoptedCounts, CountsStore } from '../spool/counts-store.ts';

export interface EarlyCountsOptions {
  /** Writes a batch, which counts once however often it is sent; rejects while Redis is unreachable. */
  write: (batch: CountBatch) => Promise<void>;
  store: CountsStore;
  logger: Logger;
  /** Between two writes, ms. */
  interval?: number;
}

/**
 * - `reachable`: the last write succeeded, and counts are in memory.
 * - `unreachable`: Redis rejects or does not answer, and counts are on disk too.
 */
type CountsState = 'reachable' | 'unreachable' | 'closed';

const NEXT = {
  reachable: ['unreachable', 'closed'],
  unreachable: ['reachable', 'closed'],
  closed: [],
} as const satisfies Record<CountsState, readonly CountsState[]>;

const INTERVAL_MS = 500;
/** Without an answer for this long, Redis counts as unreachable, ms. */
const PATIENCE_MS = 250;
/** While Redis is unreachable, a count is on disk after at most this time, ms. */
const SAVE_DELAY_MS = 100;
const ADOPT_INTERVAL_MS = 20_000;

/**
 * Counts of faults that do not get as far as admission. They are summed up here and written at an interval, so that a
 * flood of filtered events costs Redis next to nothing. While Redis is unreachable they are on disk, so that they outlive
 * this process; the next ingester adopts them. Batches are numbered, and none counts twice.
 */
export class EarlyCounts {
  readonly #options: EarlyCountsOptions;
  readonly #flushLoop: BackgroundLoop;
  readonly #saveLoop: BackgroundLoop;
  readonly #adoptLoop: BackgroundLoop;
  readonly #pending = new Map<string, EarlyCount>();
  #state: CountsState = 'reachable';
  /** Sent, and not known to be counted. */
  #sent: CountBatch | undefined;
  #sequence = 0;
  #adopted: AdoptedCounts[] = [];
  #diskError: unknown;
  #savedAt = Number.NEGATIVE_INFINITY;
  #flushing: Promise<void> | undefined;

  constructor(options: EarlyCountsOptions) {
    const { interval = INTERVAL_MS, logger } = options;
    this.#options = options;
    const onError = (error: unknown): void => logger.error({ error }, 'early counts failed');
    this.#flushLoop = new BackgroundLoop(() => this.flush(), { interval, firstRun: 'after_interval', onError });
    this.#saveLoop = new BackgroundLoop(async () => this.#save(), {
      interval: Infinity,
      firstRun: 'after_interval',
      onError,
    });
    this.#adoptLoop = new BackgroundLoop(async () => this.#adopt(), { interval: ADOPT_INTERVAL_MS, onError });
  }

  /** Adopts the counts of ended ingesters, and begins to write. */
  start(): void {
    this.#adoptLoop.start();
    this.#saveLoop.start();
    this.#flushLoop.start();
  }

  add(cluster: string, counted: EarlyOutcome | MalformedCount, by = 1): void {
    const outcome = typeof counted === 'string' ? counted : counted.harmless ? undefined : 'malformed';
    const malformed = typeof counted === 'string' ? undefined : counted.malformed;
    const key = `${outcome}:${malformed}:${cluster}`;
    const known = this.#pending.get(key);
    if (known) known.by += by;
    else this.#pending.set(key, { cluster, ...(outcome && { outcome }), ...(malformed && { malformed }), by });
    // What is lost is lost because Redis is unreachable or slow.
    if (this.#state === 'unreachable' || counted === 'lost') this.#saveSoon();
  }

  /** Writes all counts; what cannot be written stays. Concurrent calls share one write. Never rejects. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Writes the rest and ends; what cannot be written stays on disk for the next start. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    await Promise.all([this.#flushLoop.stop(), this.#saveLoop.stop(), this.#adoptLoop.stop()]);
    await this.#flushing;
    await this.flush();
    this.#save();
    this.#onDisk(() => this.#options.store.release());
    this.#move('closed');
  }

  async #flush(): Promise<void> {
    const patience = setTimeout(() => this.#moveTo('unreachable'), PATIENCE_MS);
    try {
      await this.#writeAdopted();
      // What could not be written the last time, then what has been counted since.
      for (let batches = 0; batches < 2; batches += 1) {
        this.#sent ??= this.#take();
        if (!this.#sent) break;
        await this.#options.write(this.#sent);
        this.#sent = undefined;
      }
      this.#moveTo('reachable');
    } catch {
      this.#moveTo('unreachable');
    } finally {
      clearTimeout(patience);
    }
  }

  async #writeAdopted(): Promise<void> {
    const { store, write } = this.#options;
    for (const adopted of this.#adopted) {
      for (const batch of adopted.batches) await write(batch);
      this.#onDisk(() => store.remove(adopted));
      this.#adopted = this.#adopted.filter((other) => other !== adopted);
    }
  }

  /** Moves to a state, or stays in it: then what is on disk may still be older than what is in memory. */
  #moveTo(next: 'reachable' | 'unreachable'): void {
    if (next !== this.#state) this.#move(next);
    else if (next === 'unreachable' || this.#options.store.isKept) this.#save();
  }

  /** The only writer of the state. */
  #move(next: CountsState): void {
    const from = this.#state;
    const allowed: readonly CountsState[] = NEXT[from];
    if (!allowed.includes(next)) throw new Error(`early counts cannot go from ${from} to ${next}`);
    this.#state = next;
    this.#options.logger.debug({ from, state: next }, 'early counts state changed');
    if (next !== 'closed') this.#save();
  }

  /** Returns what was counted since the last batch. */
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

  /** At once, unless that was done a moment ago: a flood of losses must not block the process. */
  #saveSoon(): void {
    if (performance.now() - this.#savedAt >= SAVE_DELAY_MS) this.#save();
    else this.#saveLoop.wake(SAVE_DELAY_MS);
  }

  /** Replaces what is on disk with what is not written. */
  #save(): void {
    this.#savedAt = performance.now();
    const batches = [this.#sent, this.#next()].filter((batch) => batch !== undefined);
    this.#onDisk(() => this.#options.store.keep(batches));
  }

  #adopt(): void {
    this.#onDisk(() => {
      for (const adopted of this.#options.store.adopt()) this.#adopted.push(adopted);
    });
  }

  /** Where the disk fails, counts are in memory only; the spool shows the failure in the health. */
  #onDisk(access: () => void): void {
    try {
      access();
      this.#diskError = undefined;
    } catch (error) {
      if (this.#diskError === undefined) this.#options.logger.error({ error }, 'counts cannot be saved in spool_dir');
      this.#diskError = error;
    }
  }
}
