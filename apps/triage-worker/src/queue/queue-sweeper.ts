import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { ClusterSlots } from '@nightcrier/state/queue/cluster-slots';
import type { QueueSweep } from '@nightcrier/state/queue/queue-sweep';

export interface QueueSweeperOptions {
  sweep: QueueSweep;
  slots: ClusterSlots;
  /** 0: no limit. */
  max_queue_age_seconds: number;
  /** Time between two sweeps, ms. */
  interval: number;
  logger: Logger;
}

/** After a worker found a damaged job; several are found together, ms. */
const REPAIR_DELAY_MS = 200;
/** Incidents that one log line lists. */
const LISTED = 20;

/**
 * Sweeps the queue at an interval: expires incidents that waited too long, ends rows whose jobs are gone, frees slots of
 * dead workers, and removes incidents past their retention. Every worker sweeps; each step is idempotent.
 */
export class QueueSweeper {
  readonly #options: QueueSweeperOptions;
  readonly #loop: BackgroundLoop;
  #maxQueueAge: number;
  #isIndexed = false;

  constructor(options: QueueSweeperOptions) {
    const { interval, logger } = options;
    this.#options = options;
    this.#maxQueueAge = options.max_queue_age_seconds;
    this.#loop = new BackgroundLoop(async () => this.#sweep(), {
      interval,
      firstRun: 'after_interval',
      pacing: 'fixed_rate',
      onError: (error) => logger.debug({ error }, 'queue sweep failed'),
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Applies from the next sweep on. */
  configure(max_queue_age_seconds: number): void {
    this.#maxQueueAge = max_queue_age_seconds;
  }

  /** Resolves when the sweep that is under way has ended. */
  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Repairs the queue now: a worker has found a job that it cannot take. */
  wake(): void {
    this.#loop.wake(REPAIR_DELAY_MS);
  }

  /** One step that fails keeps no other one from running: a full Redis refuses what needs memory. */
  async #sweep(): Promise<void> {
    const { sweep, logger } = this.#options;
    // First, because it frees memory.
    const steps = [
      async () => sweep.trim(),
      async () => this.#repair(),
      async () => this.#setDamagedAside(),
      async () => this.#expire(),
      async () => this.#endAbandoned(),
      async () => this.#options.slots.refill(),
      async () => this.#indexFormer(),
    ];
    for (const step of steps) {
      await step().catch((error: unknown) => logger.debug({ error }, 'step of the queue sweep failed'));
    }
  }

  async #repair(): Promise<void> {
    const { sweep, logger } = this.#options;
    for (const id of await sweep.repair()) logger.error({ incident_id: id }, 'damaged job removed; incident failed');
  }

  async #setDamagedAside(): Promise<void> {
    const { sweep, logger } = this.#options;
    const values = await sweep.setDamagedAside();
    if (values.length > 0) logger.error({ values: values.slice(0, LISTED) }, 'damaged values moved aside');
  }

  async #indexFormer(): Promise<void> {
    if (!this.#isIndexed) await this.#options.sweep.indexFormer();
    this.#isIndexed = true;
  }

  async #expire(): Promise<void> {
    const { sweep, logger } = this.#options;
    const max_queue_age_seconds = this.#maxQueueAge;
    const expired = max_queue_age_seconds > 0 ? await sweep.expire(max_queue_age_seconds) : [];
    if (expired.length > 0) {
      const incidents = expired.slice(0, LISTED);
      logger.warn({ expired: expired.length, incidents, max_queue_age_seconds }, 'queued incidents expired');
    }
  }

  async #endAbandoned(): Promise<void> {
    const { sweep, logger } = this.#options;
    for (const id of await sweep.endAbandoned()) {
      logger.error({ incident_id: id }, 'orphaned incident marked failed');
    }
  }
}
