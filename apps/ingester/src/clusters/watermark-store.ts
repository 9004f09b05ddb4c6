import type { Watermark, WatermarkMemory } from '@nightcrier/cluster/backfill/watermark';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { LastContacts } from '@nightcrier/state/health/last-contact';

export interface WatermarkStoreOptions {
  stored: Pick<LastContacts, 'read' | 'known'>;
  /** Writes watermarks by cluster. Rejects while Redis is unreachable. */
  write: (watermarks: ReadonlyMap<string, Watermark>) => Promise<void>;
  logger: Logger;
}

const INTERVAL_MS = 2_000;

/**
 * Stores the watermark of each cluster for the next ingester that watches it. Writes at an interval: a process that dies
 * leaves a watermark that is slightly too old, and its successor scans a slightly longer gap than necessary.
 */
export class WatermarkStore {
  readonly #options: WatermarkStoreOptions;
  readonly #unwritten = new Map<string, Watermark>();
  readonly #loop: BackgroundLoop;

  constructor(options: WatermarkStoreOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop(() => this.#write(), {
      interval: INTERVAL_MS,
      firstRun: 'after_interval',
      onError: (error) => this.#logFailure(error),
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Writes what is unwritten and ends. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await this.#write().catch((error: unknown) => this.#logFailure(error));
  }

  /** Returns the memory of one cluster. */
  memoryOf(cluster: string): WatermarkMemory {
    const { stored } = this.#options;
    return {
      read: async () => this.#unwritten.get(cluster) ?? stored.read(cluster),
      write: (watermark) => void this.#unwritten.set(cluster, watermark),
      known: (sightings) => stored.known(cluster, sightings),
    };
  }

  /** Keeps what cannot be written, unless a newer watermark has arrived meanwhile. */
  async #write(): Promise<void> {
    const watermarks = new Map(this.#unwritten);
    if (watermarks.size === 0) return;
    this.#unwritten.clear();
    try {
      await this.#options.write(watermarks);
    } catch (error) {
      for (const [name, watermark] of watermarks) if (!this.#unwritten.has(name)) this.#unwritten.set(name, watermark);
      throw error;
    }
  }

  #logFailure(error: unknown): void {
    this.#options.logger.debug({ error: String(error) }, 'watermarks not written; retrying');
  }
}
