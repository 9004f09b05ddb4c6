import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { Logger } from '@nightcrier/core/logger';

export interface HealthPublisherOptions {
  /** The present health of all clusters. */
  health: () => ClusterHealth[];
  /** Rejects while Redis is away. */
  publish: (clusters: ClusterHealth[]) => Promise<void>;
  logger: Logger;
}

/** Readers take a report that is three times as old for that of a dead ingester. */
const INTERVAL_MS = 5_000;
/** Changes within this time go out together. */
const COALESCE_MS = 50;

/**
 * Reports the health of the clusters: all at an interval, changed ones at once. A report that cannot be written is not
 * kept: the next one says all that counts.
 */
export class HealthPublisher {
  readonly #options: HealthPublisherOptions;
  readonly #changed = new Set<string>();
  #interval: NodeJS.Timeout | undefined;
  #coalescing: NodeJS.Timeout | undefined;
  #publishing: Promise<void> = Promise.resolve();

  constructor(options: HealthPublisherOptions) {
    this.#options = options;
  }

  start(): void {
    this.#interval ??= setInterval(() => void this.#publish(), INTERVAL_MS);
    void this.#publish();
  }

  /** The health of a cluster has changed. */
  changed(cluster: string): void {
    if (!this.#interval) return;
    this.#changed.add(cluster);
    this.#coalescing ??= setTimeout(() => {
      this.#coalescing = undefined;
      const changed = new Set(this.#changed);
      this.#changed.clear();
      void this.#publish(changed);
    }, COALESCE_MS);
  }

  /** Reports once more, so that readers see the end, and ends. */
  async stop(): Promise<void> {
    clearInterval(this.#interval);
    clearTimeout(this.#coalescing);
    this.#interval = undefined;
    await this.#publish();
  }

  /** One after the other, so that an older report never overwrites a newer one. */
  #publish(only?: ReadonlySet<string>): Promise<void> {
    const { health, publish, logger } = this.#options;
    this.#publishing = this.#publishing
      .then(() => publish(health().filter(({ name }) => only?.has(name) ?? true)))
      .catch((error: unknown) => logger.debug({ error: String(error) }, 'health could not be published'));
    return this.#publishing;
  }
}
