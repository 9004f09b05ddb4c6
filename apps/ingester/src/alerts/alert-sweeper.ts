import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { AlertStore } from '@nightcrier/state/alerts/alert-store';

export interface AlertSweeperOptions {
  /** Whether this ingester holds a cluster. */
  holds: (cluster: string) => boolean;
  store: Pick<AlertStore, 'clusters' | 'sweep'>;
  logger: Logger;
  /** Between two sweeps, ms. */
  interval?: number;
}

const INTERVAL_MS = 60_000;

/** Resolves alerts that their senders do not repeat any more, for the clusters that this ingester holds. */
export class AlertSweeper {
  readonly #options: AlertSweeperOptions;
  readonly #loop: BackgroundLoop;

  constructor(options: AlertSweeperOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop(() => this.#sweep(), {
      interval: options.interval ?? INTERVAL_MS,
      // After a start, senders get the time to repeat their alerts first.
      firstRun: 'after_interval',
      onError: (error) => options.logger.debug({ error: String(error) }, 'alerts not swept; retrying'),
    });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #sweep(): Promise<void> {
    const { holds, store, logger } = this.#options;
    for (const cluster of await store.clusters()) {
      if (!holds(cluster)) continue;
      for (const { problem, fault_type } of await store.sweep(cluster)) {
        logger.info({ cluster, problem, fault_type }, 'alert not repeated; counts as resolved');
      }
    }
  }
}
