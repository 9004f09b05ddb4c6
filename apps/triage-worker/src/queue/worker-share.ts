import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { LiveWorkers } from '@nightcrier/state/queue/live-workers';

export interface WorkerShareOptions {
  workers: Pick<LiveWorkers, 'beat' | 'leave'>;
  /** Investigations at once, over all workers. */
  max_concurrent_agents: number;
  /** Receives the number of agents that this worker may run; undefined: no limit of its own. */
  onShare: (agents: number | undefined) => void;
  /** Time between two heartbeats, ms. */
  interval?: number;
  logger: Logger;
}

const INTERVAL_MS = 2_000;
/** Time without heartbeat after which a worker's share goes to the others, ms. */
export const WORKER_SILENT_MS = 3 * INTERVAL_MS;

/** Time without heartbeat after which a worker's incidents are taken over, ms. Longer: a pause must not have them run twice. */
export const WORKER_DEAD_MS = 15_000;

/** `all`: this worker is alone, and has no limit of its own. */
type Share = 'unknown' | 'all' | number;

/**
 * Divides `max_concurrent_agents` evenly among the live workers, rounded up: without it, the worker that comes first takes
 * all agents, and keeps them as long as incidents wait. A lone worker has no limit of its own, so that a changed
 * `max_concurrent_agents` applies while it is full. While Redis is unreachable the share stays.
 */
export class WorkerShare {
  readonly #options: WorkerShareOptions;
  readonly #loop: BackgroundLoop;
  #maxConcurrentAgents: number;
  #share: Share = 'unknown';

  constructor(options: WorkerShareOptions) {
    this.#options = options;
    this.#maxConcurrentAgents = options.max_concurrent_agents;
    this.#loop = new BackgroundLoop(async () => this.#update(), {
      interval: options.interval ?? INTERVAL_MS,
      firstRun: 'after_interval',
      pacing: 'fixed_rate',
      onError: (error) => this.#logFailure(error),
    });
  }

  /** Resolves when the share is known, or could not be read. */
  async start(): Promise<void> {
    await this.#update().catch((error: unknown) => this.#logFailure(error));
    this.#loop.start();
  }

  /** Divides another number of agents, immediately. */
  configure(maxConcurrentAgents: number): void {
    this.#maxConcurrentAgents = maxConcurrentAgents;
    this.#loop.wake();
  }

  /** Gives the share to the other workers. Does not wait: Redis may be unreachable. */
  stop(): void {
    const { workers, logger } = this.#options;
    void this.#loop.stop();
    workers.leave().catch((error: unknown) => logger.debug({ error }, 'worker share not released'));
  }

  async #update(): Promise<void> {
    const { workers, onShare, logger } = this.#options;
    const count = await workers.beat();
    const max_concurrent_agents = this.#maxConcurrentAgents;
    const share: Share = count === 1 ? 'all' : Math.ceil(max_concurrent_agents / count);
    if (share === this.#share) return;
    this.#share = share;
    onShare(share === 'all' ? undefined : share);
    logger.info({ share, workers: count, max_concurrent_agents }, 'worker share changed');
  }

  #logFailure(error: unknown): void {
    this.#options.logger.debug({ error }, 'worker heartbeat failed');
  }
}
