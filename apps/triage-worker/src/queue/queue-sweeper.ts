import type { Logger } from '@nightcrier/core/logger';
import type { ClusterSlots } from '@nightcrier/state/queue/cluster-slots';
import type { QueueSweep } from '@nightcrier/state/queue/queue-sweep';

export interface QueueSweeperOptions {
  sweep: QueueSweep;
  slots: ClusterSlots;
  /** 0: no bound. */
  max_queue_age_seconds: number;
  /** Between two sweeps, ms. */
  interval: number;
  logger: Logger;
}

/**
 * Sets right at an interval what nobody else would: incidents that waited too long, slots of workers that died, rows
 * whose jobs have ended without them, incidents that were kept for long enough. Every worker does so; what one has done
 * leaves nothing for the others.
 */
export class QueueSweeper {
  #options: QueueSweeperOptions;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: QueueSweeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.#begin(), this.#options.interval);
  }

  /** From the next sweep on. */
  configure(max_queue_age_seconds: number): void {
    this.#options = { ...this.#options, max_queue_age_seconds };
  }

  /** Resolves when a sweep that is under way is done. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  #begin(): void {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
  }

  async #sweep(): Promise<void> {
    const { sweep, slots, max_queue_age_seconds, logger } = this.#options;
    try {
      const expired = max_queue_age_seconds > 0 ? await sweep.expire(max_queue_age_seconds) : [];
      if (expired.length > 0)
        logger.warn(
          { expired: expired.length, incidents: expired.slice(0, 20), max_queue_age_seconds },
          'incidents expired',
        );
      for (const id of await sweep.endAbandoned())
        logger.error({ incident_id: id }, 'triage failed: nobody wrote down how it ended');
      await slots.refill();
      await sweep.trim();
    } catch (error) {
      logger.debug({ error }, 'queue could not be swept');
    }
  }
}
