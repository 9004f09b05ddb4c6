import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdmissionOutcome } from '@nightcrier/core/admission';
import type { ClusterEvent } from '@nightcrier/core/cluster-event';
import type { Logger } from '@nightcrier/core/logger';

/** The decision about one fault; see `Admission` of the state package. Rejects while Redis is away. */
export type Admit = (event: ClusterEvent, incidentId: string) => Promise<AdmissionOutcome>;

export interface AdmissionBufferOptions {
  admit: Admit;
  onOutcome: (event: ClusterEvent, outcome: AdmissionOutcome) => void;
  logger: Logger;
  /** Most faults that wait for Redis; beyond that the newest are lost. */
  capacity?: number;
  /** Wait after a failure, ms. */
  retryInterval?: number;
}

interface Waiting {
  event: ClusterEvent;
  /** Given at receipt: an admission whose reply was lost is sent again under the same id, and counts once. */
  incidentId: string;
}

/** Some 1.3 KB each. */
const DEFAULT_CAPACITY = 20_000;
const BATCH = 200;
const OVERFLOW_LOG_INTERVAL_MS = 60_000;

/**
 * Faults on their way to admission, in order. While Redis is away they wait here; what does not fit is counted and said.
 * {@link close} makes one last attempt at what still waits.
 */
export class AdmissionBuffer {
  readonly #options: AdmissionBufferOptions;
  readonly #capacity: number;
  readonly #retryInterval: number;
  readonly #closing = new AbortController();
  #waiting: Waiting[] = [];
  #draining: Promise<void> | undefined;
  #overflowed = 0;
  #overflowLoggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: AdmissionBufferOptions) {
    this.#options = options;
    this.#capacity = options.capacity ?? DEFAULT_CAPACITY;
    this.#retryInterval = options.retryInterval ?? 1_000;
  }

  /** How many faults were lost because the buffer was full. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** How many faults wait. */
  get size(): number {
    return this.#waiting.length;
  }

  add(event: ClusterEvent): void {
    if (this.#waiting.length >= this.#capacity) {
      this.#overflow(event);
      return;
    }
    this.#waiting.push({ event, incidentId: randomUUID() });
    this.#draining ??= this.#drain();
  }

  /** Resolves when nothing waits any more, or when Redis fails once more; then says how many faults are lost. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#draining;
    if (this.#waiting.length > 0) {
      this.#options.logger.error({ lost: this.#waiting.length }, 'faults lost: Redis is away at shutdown');
    }
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (await this.#admitBatch()) continue;
      if (this.#closing.signal.aborted) break;
      await sleep(this.#retryInterval, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
    this.#draining = undefined;
  }

  /** Sends the oldest faults in one go; what fails stays, in its place. Returns whether all were answered. */
  async #admitBatch(): Promise<boolean> {
    const { admit, logger, onOutcome } = this.#options;
    const batch = this.#waiting.slice(0, BATCH);
    const results = await Promise.allSettled(batch.map(({ event, incidentId }) => admit(event, incidentId)));
    const again: Waiting[] = [];
    results.forEach((result, index) => {
      const waiting = batch[index];
      if (!waiting) return;
      const { event } = waiting;
      if (result.status === 'fulfilled') {
        onOutcome(event, result.value);
      } else if (isDefect(result.reason)) {
        logger.error(
          { cluster: event.cluster_name, error: result.reason, event: event.event },
          'fault cannot be admitted',
        );
      } else {
        again.push(waiting);
      }
    });
    this.#waiting = [...again, ...this.#waiting.slice(batch.length)];
    if (again.length > 0) logger.debug({ waiting: this.#waiting.length }, 'admission waits for Redis');
    return again.length === 0;
  }

  #overflow(event: ClusterEvent): void {
    this.#overflowed += 1;
    const now = Date.now();
    if (now - this.#overflowLoggedAt < OVERFLOW_LOG_INTERVAL_MS) return;
    this.#overflowLoggedAt = now;
    const { logger } = this.#options;
    const fields = { cluster: event.cluster_name, capacity: this.#capacity, lost: this.#overflowed };
    logger.error(fields, 'faults lost: the buffer before admission is full');
  }
}

/** Whether the fault itself is what is wrong, so that asking again is of no use. */
function isDefect(error: unknown): boolean {
  return error instanceof RangeError || error instanceof TypeError;
}
