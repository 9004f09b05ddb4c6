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

  async #sweep(): Promise<void> {
    const { sweep, slots, logger } = this.#options;
    const max_queue_age_seconds = this.#maxQueueAge;
    const expired = max_queue_age_seconds > 0 ? await sweep.expire(max_queue_age_seconds) : [];
    if (expired.length > 0) {
      const incidents = expired.slice(0, LISTED);
      logger.warn({ expired: expired.length, incidents, max_queue_age_seconds }, 'queued incidents expired');
    }
    for (const id of await sweep.endAbandoned()) {
      logger.error({ incident_id: id }, 'orphaned incident marked failed');
    }
    await slots.refill();
    await sweep.trim();
  }
}
