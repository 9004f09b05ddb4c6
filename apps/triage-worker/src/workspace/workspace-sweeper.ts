import { setTimeout as sleep } from 'node:timers/promises';
import { type Retention, sweepWorkspaces } from './sweep-workspaces.ts';

const INTERVAL_MS = 3_600_000;

/** Sweeps the workspaces at the start of the worker and every hour. A sweep that fails is logged, and tried again. */
export class WorkspaceSweeper {
  readonly #retention: Omit<Retention, 'signal'>;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(retention: Omit<Retention, 'signal'>) {
    this.#retention = retention;
  }

  /** Begins to sweep, in the background. */
  start(): void {
    this.#running ??= this.#keepSweeping();
  }

  /** Resolves when the workspace in hand is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #keepSweeping(): Promise<void> {
    const { logger } = this.#retention;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const removed = await sweepWorkspaces({ ...this.#retention, signal });
        if (removed.length > 0) logger.info({ workspaces: removed.length }, 'removed workspaces past their retention');
      } catch (error) {
        logger.warn({ error }, 'workspaces could not be swept; trying again in an hour');
      }
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
