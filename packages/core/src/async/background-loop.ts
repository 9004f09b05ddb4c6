/** What the loop needs of a clock; the process's own unless a test gives another. */
export interface LoopTimers {
  /** Milliseconds of a clock that never runs backwards. */
  now: () => number;
  setTimeout: (run: () => void, ms: number) => NodeJS.Timeout;
  clearTimeout: (timer: NodeJS.Timeout | undefined) => void;
}

export interface BackgroundLoopOptions {
  /** Milliseconds between two runs. Infinity: it runs when it is woken, and never by itself. */
  interval: number;
  /** Receives what a run throws; the loop goes on. Not called for the abort of a run by {@link BackgroundLoop.stop}. */
  onError: (error: unknown) => void;
  /**
   * What the interval separates. `fixed_delay` (default): the end of a run from the start of the next one. `fixed_rate`:
   * two starts; a run that takes longer than the interval is followed by the next one at once.
   */
  pacing?: 'fixed_delay' | 'fixed_rate';
  /** Default `immediate`: within `start`. */
  firstRun?: 'immediate' | 'after_interval';
  timers?: LoopTimers;
}

/** A run that resolves to a number replaces the interval, for the wait after it. */
export type LoopWork = (signal: AbortSignal) => Promise<number | undefined> | Promise<void>;

// Looked up at the time of the call, so that a test's fake timers work.
const PROCESS_TIMERS: LoopTimers = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};

/** Longest delay that a Node timer can represent. */
const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * Does work again and again in the background, one run at a time, until it is stopped. States: `new` → `started` →
 * `stopped`; `start`, `wake` and `stop` are idempotent and can be called in any of them.
 */
export class BackgroundLoop {
  readonly #work: LoopWork;
  readonly #options: BackgroundLoopOptions;
  readonly #timers: LoopTimers;
  readonly #stopping = new AbortController();
  #state: 'new' | 'started' | 'stopped' = 'new';
  #running: Promise<void> | undefined;
  /** When the next run begins, by the clock of the timers; while one is under way, only what it was woken for. */
  #due = Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** @param work its signal aborts when the loop is stopped */
  constructor(work: LoopWork, options: BackgroundLoopOptions) {
    this.#work = work;
    this.#options = options;
    this.#timers = options.timers ?? PROCESS_TIMERS;
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    if (this.#options.firstRun === 'after_interval') this.#schedule(this.#timers.now() + this.#options.interval);
    else this.#begin();
  }

  /**
   * Begins a run at the latest `within` ms from now; while one is under way, another one follows it. Does nothing unless
   * the loop is started.
   */
  wake(within = 0): void {
    if (this.#state !== 'started') return;
    const due = this.#timers.now() + within;
    if (due < this.#due) this.#schedule(due);
  }

  /** Begins no more runs. Resolves when the one that is under way has ended. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#timers.clearTimeout(this.#timer);
    this.#stopping.abort();
    await this.#running;
  }

  #schedule(due: number): void {
    this.#due = due;
    if (this.#running) return;
    this.#timers.clearTimeout(this.#timer);
    const wait = due - this.#timers.now();
    if (wait <= LONGEST_DELAY) this.#timer = this.#timers.setTimeout(() => this.#begin(), Math.max(0, wait));
  }

  #begin(): void {
    this.#due = Infinity;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { interval, pacing, onError } = this.#options;
    const { signal } = this.#stopping;
    const startedAt = this.#timers.now();
    let wait: number | undefined;
    try {
      wait = (await this.#work(signal)) ?? undefined;
    } catch (error) {
      if (!isAbort(error, signal)) onError(error);
    }
    this.#running = undefined;
    if (this.#state === 'stopped') return;
    const from = pacing === 'fixed_rate' ? startedAt : this.#timers.now();
    this.#schedule(Math.min(this.#due, from + (wait ?? interval)));
  }
}

/** Returns whether an error is the result of the abort of `signal`. Some libraries wrap its reason. */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  if (error === signal.reason) return true;
  return error instanceof Error && (error.name === 'AbortError' || error.cause === signal.reason);
}
