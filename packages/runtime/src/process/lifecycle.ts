import type { Logger } from '@nightcrier/core/logger';
import pTimeout from 'p-timeout';

interface Acquired {
  name: string;
  release: () => Promise<void> | void;
}

/**
 * The resources of a process. Each is registered when it is acquired. `stop` releases them in reverse order, within one
 * deadline for all, and continues after failures. `stop` also rolls back a start that failed half-way. Concurrent and
 * later calls of `stop` share one run.
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

  /** Registers how a resource is released. */
  onStop(name: string, release: Acquired['release']): void {
    this.#acquired.push({ name, release });
  }

  /**
   * Releases everything.
   * @throws AggregateError that names each resource whose release failed or timed out
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
          message: new Error('not finished within shutdown_timeout'),
        });
      } catch (cause) {
        const error = new Error(`stopping ${next.name} failed`, { cause });
        this.#logger.error({ part: next.name, error }, 'part not stopped cleanly');
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '));
  }
}
