import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import pTimeout from 'p-timeout';
import type { EngineClient } from '../engine/engine-client.ts';

const RETRY_MS = 2_000;
/** For what remains when the worker stops, ms. */
const LAST_MS = 5_000;

/**
 * Removes containers, also where the engine does not answer: these are removed as soon as it answers again. What remains when this process
 * dies is left to the container sweeper of another worker.
 */
export class ContainerRemovals {
  /** The containers that are to be removed, by id or name. */
  readonly #pending = new Map<string, EngineClient>();
  readonly #abandoned = new Set<Promise<void>>();
  readonly #loop = new BackgroundLoop(async (signal) => this.#retry(signal), {
    interval: Infinity,
    firstRun: 'after_interval',
    // It is tried again, and the worker logs what it misses for its runs.
    onError: () => undefined,
  });

  /** @param container id, or a name that is never used again @throws EngineError; the container is removed later then */
  async remove(engine: EngineClient, container: string): Promise<void> {
    try {
      await engine.remove(container);
      this.#pending.delete(container);
    } catch (error) {
      this.#pending.set(container, engine);
      this.#loop.start();
      this.#loop.wake(RETRY_MS);
      throw error;
    }
  }

  /** Removes a container that is being created, and that its creator waits for no more. */
  abandon(engine: EngineClient, creation: Promise<string>): void {
    const removing = creation
      .then(async (id) => this.remove(engine, id))
      .catch(() => undefined)
      .finally(() => this.#abandoned.delete(removing));
    this.#abandoned.add(removing);
  }

  /** Removes what remains, if the engine answers within seconds. */
  async close(): Promise<void> {
    const timeout = { milliseconds: LAST_MS, fallback: () => undefined };
    await pTimeout(Promise.all(this.#abandoned), timeout);
    await this.#loop.stop();
    await this.#retry(AbortSignal.timeout(LAST_MS)).catch(() => undefined);
  }

  async #retry(signal: AbortSignal): Promise<number> {
    const all = [...this.#pending].map(async ([container, engine]) => {
      await engine.remove(container, signal);
      this.#pending.delete(container);
    });
    await Promise.allSettled(all);
    return this.#pending.size > 0 ? RETRY_MS : Infinity;
  }
}
