import { setTimeout as sleep } from 'node:timers/promises';

/** Does something at once and then again at an interval, one at a time, until it is stopped. */
export class BackgroundLoop {
  readonly #work: (signal: AbortSignal) => Promise<void>;
  readonly #interval: number;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  /**
   * @param work what is done; it handles its own errors
   * @param interval from the end of one to the beginning of the next, ms
   */
  constructor(work: (signal: AbortSignal) => Promise<void>, interval: number) {
    this.#work = work;
    this.#interval = interval;
  }

  start(): void {
    this.#running ??= this.#repeat(this.#stopping.signal);
  }

  /** Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #repeat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#work(signal);
      await sleep(this.#interval, undefined, { signal }).catch(() => undefined);
    }
  }
}
