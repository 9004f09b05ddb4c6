import type { Logger } from '@nightcrier/core/logger';

/** States of a triage worker. `closed` is final. */
export type WorkerState =
  | 'ready'
  /** Claims incidents. */
  | 'running'
  /** Claims nothing more; running investigations may finish. */
  | 'draining'
  /** Running investigations are stopped, and their incidents requeued. */
  | 'aborting'
  | 'closed';

/** Which state can follow which. */
const NEXT = {
  ready: ['running', 'draining'],
  running: ['draining'],
  draining: ['aborting', 'closed'],
  aborting: ['closed'],
  closed: [],
} as const satisfies Record<WorkerState, readonly WorkerState[]>;

/** The state of one triage worker. All changes go through {@link change}, which checks the table and writes one log line. */
export class WorkerStateTracker {
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  #state: WorkerState = 'ready';

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Aborted when the state becomes `aborting`. */
  get aborted(): AbortSignal {
    return this.#abort.signal;
  }

  /** @throws Error when the table does not allow the change */
  change(next: Exclude<WorkerState, 'ready'>): void {
    const from = this.#state;
    const allowed: readonly WorkerState[] = NEXT[from];
    if (!allowed.includes(next)) throw new Error(`a triage worker cannot go from ${from} to ${next}`);
    this.#state = next;
    this.#logger.info({ from, state: next }, 'worker state changed');
    if (next === 'aborting') this.#abort.abort('the worker shuts down');
  }
}
