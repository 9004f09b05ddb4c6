import type { Logger } from '@nightcrier/core/logger';
import pTimeout from 'p-timeout';

interface Acquired {
  name: string;
  release: () => Promise<void> | void;
}

/**
 * What a process has acquired and must give back. Each thing is registered at the moment it is acquired; `stop` gives
 * them back last in, first out, within one deadline for all, and goes on past failures. A start that fails half-way is
 * rolled back by the same `stop`. Concurrent and later calls of `stop` share one run.
 */
export class Lifecycle {
  readonly #acquired: Acquired[] = [];
  readonly #logger: Logger;
  readonly #deadlineSeconds: number;
  #stopping: Promise<void> | undefined;

  constructor(logger: Logger, deadlineSeconds: number) {
    this.#logger = logger;
    this.#deadlineSeconds = deadlineSeconds;
  }

  /** Registers how to give `name` back. */
  onStop(name: string, release: Acquired['release']): void {
    this.#acquired.push({ name, release });
  }

  /**
   * Gives everything back.
   * @throws AggregateError of what failed or did not finish in time, each named.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#release();
    return this.#stopping;
  }

  async #release(): Promise<void> {
    const deadline = performance.now() + this.#deadlineSeconds * 1000;
    const failures: Error[] = [];
    for (let next = this.#acquired.pop(); next; next = this.#acquired.pop()) {
      try {
        await pTimeout(Promise.resolve(next.release()), {
          milliseconds: Math.max(1, deadline - performance.now()),
          message: new Error('not finished within the shutdown timeout'),
        });
      } catch (cause) {
        const error = new Error(`stopping ${next.name} failed`, { cause });
        this.#logger.error({ part: next.name, error }, 'part did not stop cleanly');
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '));
  }
}
