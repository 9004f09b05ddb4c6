import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { Storms } from '@nightcrier/state/admission/storms';
import type { Problems } from '@nightcrier/state/problems/problems';

export interface ProblemSweeperOptions {
  problems: Problems;
  storms: Storms;
  /** `reopen_window`, seconds. Called at each sweep: the configuration can change. */
  reopenWindow: () => number;
  logger: Logger;
}

const INTERVAL_MS = 5_000;

/**
 * Closes problems that have been recovered for `reopen_window`, and has members of storms investigated that the first problem does
 * not explain. Every worker does, and each step is idempotent.
 */
export class ProblemSweeper {
  readonly #options: ProblemSweeperOptions;
  readonly #loop: BackgroundLoop;
  #isIndexed = false;

  constructor(options: ProblemSweeperOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop(async () => this.#sweep(), {
      interval: INTERVAL_MS,
      firstRun: 'after_interval',
      onError: (error) => options.logger.debug({ error }, 'problems not swept; retrying'),
    });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #sweep(): Promise<void> {
    const { problems, storms, reopenWindow, logger } = this.#options;
    if (!this.#isIndexed) await problems.indexFormer();
    this.#isIndexed = true;
    const closed = await problems.sweep(reopenWindow() * 1_000);
    if (closed > 0) logger.info({ problems: closed }, 'problems closed');
    const unexplained = await storms.decide();
    if (unexplained > 0) logger.info({ problems: unexplained }, 'storm does not explain problems; incidents queued');
  }
}
