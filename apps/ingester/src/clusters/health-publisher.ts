import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { Logger } from '@nightcrier/core/logger';

export interface HealthPublisherOptions {
  /** Returns the present health of these clusters, or of all. Clusters that are not watched are left out. */
  health: (clusters?: Iterable<string>) => ClusterHealth[];
  /** Rejects while Redis is unreachable. */
  publish: (clusters: ClusterHealth[]) => Promise<void>;
  logger: Logger;
}

/** Between two reports of all clusters. Readers ignore a report that is three times as old. */
const INTERVAL_MS = 5_000;
/** Changes within this time are published together. */
const COALESCE_MS = 50;

/**
 * Publishes the health of the clusters: all of them at an interval, changed ones immediately. One report at a time, so
 * that an older one never overwrites a newer one. A report that cannot be written is dropped: the next one replaces it.
 */
export class HealthPublisher {
  readonly #options: HealthPublisherOptions;
  readonly #loop: BackgroundLoop;
  #changed = new Set<string>();
  #nextFullReport = 0;

  constructor(options: HealthPublisherOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop(() => this.#publishDue(), {
      interval: INTERVAL_MS,
      onError: (error) => this.#logFailure(error),
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Publishes the health of this cluster soon. */
  changed(cluster: string): void {
    this.#changed.add(cluster);
    this.#loop.wake(COALESCE_MS);
  }

  /** Publishes the final health of all clusters and ends. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    const { health, publish } = this.#options;
    await publish(health()).catch((error: unknown) => this.#logFailure(error));
  }

  /** Returns the wait until the next report of all clusters, ms. */
  async #publishDue(): Promise<number> {
    const { health, publish } = this.#options;
    const changed = this.#changed;
    this.#changed = new Set();
    const isFull = performance.now() >= this.#nextFullReport;
    if (isFull) this.#nextFullReport = performance.now() + INTERVAL_MS;
    await publish(isFull ? health() : health(changed));
    return Math.max(0, this.#nextFullReport - performance.now());
  }

  #logFailure(error: unknown): void {
    this.#options.logger.debug({ error: String(error) }, 'cluster health not published');
  }
}
