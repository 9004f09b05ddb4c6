import type { Logger } from '@nightcrier/core/logger';
import type { LiveWorkers } from '@nightcrier/state/live-workers';

export interface WorkerShareOptions {
  workers: Pick<LiveWorkers, 'beat' | 'leave'>;
  /** Investigations at once, over all workers. */
  max_concurrent_agents: number;
  /** This worker runs so many at once from now on. */
  onShare: (agents: number) => void;
  /** Between two looks at how many workers there are, ms. */
  interval?: number;
  logger: Logger;
}

const INTERVAL_MS = 2_000;
/** A worker that is silent for so long leaves its share to the others, ms. */
export const WORKER_SILENT_MS = 3 * INTERVAL_MS;

/**
 * Divides `max_concurrent_agents` evenly among the workers that live, rounded up: without it, the worker that comes first
 * takes all that may run, and gives none of it up as long as incidents wait. While Redis is away the share stays.
 */
export class WorkerShare {
  readonly #options: WorkerShareOptions;
  #agents: number | undefined;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkerShareOptions) {
    this.#options = options;
  }

  /** Resolves when the share is known. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#look(), this.#options.interval ?? INTERVAL_MS);
    await this.#look();
  }

  /** The others get this worker's share. Waits for nothing: Redis may be away. */
  stop(): void {
    clearInterval(this.#timer);
    const { workers, logger } = this.#options;
    workers.leave().catch((error: unknown) => logger.debug({ error }, 'share could not be given back'));
  }

  /** One at a time, also when Redis takes longer than the interval to answer. */
  #look(): Promise<void> {
    this.#looking ??= this.#count().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #count(): Promise<void> {
    const { workers, max_concurrent_agents, onShare, logger } = this.#options;
    try {
      const count = await workers.beat();
      const agents = Math.ceil(max_concurrent_agents / count);
      if (agents === this.#agents) return;
      this.#agents = agents;
      onShare(agents);
      logger.info({ agents, workers: count, max_concurrent_agents }, 'share of the agents changed');
    } catch (error) {
      logger.debug({ error }, 'workers could not be counted');
    }
  }
}
