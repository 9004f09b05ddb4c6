import type { Logger } from '@nightcrier/core/logger';
import type { LiveWorkers } from '@nightcrier/state/queue/live-workers';

export interface WorkerShareOptions {
  workers: Pick<LiveWorkers, 'beat' | 'leave'>;
  /** Investigations at once, over all workers. */
  max_concurrent_agents: number;
  /** This worker runs so many at once from now on; undefined: as many as run at all. */
  onShare: (agents: number | undefined) => void;
  /** Between two looks at how many workers there are, ms. */
  interval?: number;
  logger: Logger;
}

const INTERVAL_MS = 2_000;
/** A worker that is silent for so long leaves its share to the others, ms. */
export const WORKER_SILENT_MS = 3 * INTERVAL_MS;

/**
 * Divides `max_concurrent_agents` evenly among the workers that live, rounded up: without it, the worker that comes first
 * takes all that may run, and gives none of it up as long as incidents wait. A worker alone has no share, so that another
 * `max_concurrent_agents` takes effect while it is full. While Redis is away the share stays.
 */
export class WorkerShare {
  readonly #options: WorkerShareOptions;
  #maxConcurrentAgents: number;
  /** 0: it does not know yet. */
  #agents: number | undefined = 0;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkerShareOptions) {
    this.#options = options;
    this.#maxConcurrentAgents = options.max_concurrent_agents;
  }

  /** Resolves when the share is known. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#look(), this.#options.interval ?? INTERVAL_MS);
    await this.#look();
  }

  /** Another number is to be divided from now on. */
  configure(maxConcurrentAgents: number): void {
    this.#maxConcurrentAgents = maxConcurrentAgents;
    void this.#look();
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
    const { workers, onShare, logger } = this.#options;
    try {
      const count = await workers.beat();
      const agents = count === 1 ? undefined : Math.ceil(this.#maxConcurrentAgents / count);
      if (agents === this.#agents) return;
      this.#agents = agents;
      onShare(agents);
      logger.info(
        { agents, workers: count, max_concurrent_agents: this.#maxConcurrentAgents },
        'share of the agents changed',
      );
    } catch (error) {
      logger.debug({ error }, 'workers could not be counted');
    }
  }
}
