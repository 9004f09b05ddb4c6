import type { ConnectionStatus } from '@nightcrier/core/clusters/cluster-health';
import type { Logger } from '@nightcrier/core/logger';
import type { ConnectionError } from '../session/connection-error.ts';

/** Transitions (design.md, "State Machine"). `stopped` is final. */
const NEXT = {
  disconnected: ['connecting', 'failed', 'stopped'],
  connecting: ['connected', 'failed', 'stopped'],
  connected: ['subscribing', 'failed', 'stopped'],
  subscribing: ['active', 'failed', 'stopped'],
  active: ['failed', 'stopped'],
  failed: ['connecting', 'failed', 'stopped'],
  stopped: [],
} as const satisfies Record<ConnectionStatus, readonly ConnectionStatus[]>;

/** Details of the status `failed`. */
export interface Failure {
  error: ConnectionError;
  /** When the next attempt is made, milliseconds since the epoch. */
  retryAt: number;
  /** Failures in a row, this one included. */
  retryCount: number;
}

/**
 * The status of one cluster connection. All changes go through {@link change} and {@link fail}, which check the table,
 * write one log line and report one change. The last failure stays readable until the connection is active again.
 */
export class ConnectionStatusTracker {
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #onChange: () => void;
  #activeSince: number | undefined;
  #status: ConnectionStatus = 'disconnected';
  #failure: Failure | undefined;

  constructor(logger: Logger, now: () => number, onChange: () => void) {
    this.#logger = logger;
    this.#now = now;
    this.#onChange = onChange;
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** The failure that the connection has not recovered from. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** When the present attempt became active, milliseconds since the epoch; kept after it failed. */
  get activeSince(): number | undefined {
    return this.#activeSince;
  }

  change(next: Exclude<ConnectionStatus, 'failed' | 'disconnected'>, fields: object = {}): void {
    const from = this.#move(next);
    if (next === 'connecting') this.#activeSince = undefined;
    if (next === 'active') {
      this.#activeSince = this.#now();
      this.#failure = undefined;
    }
    const change = { from, status: next, ...fields };
    // The steps between would be three quarters of the log of a mass connect.
    if (next === 'active' || next === 'stopped') this.#logger.info(change, 'cluster connection changed');
    else this.#logger.debug(change, 'cluster connection changed');
    this.#onChange();
  }

  fail(failure: Failure): void {
    const from = this.#move('failed');
    this.#failure = failure;
    this.#logger.warn(
      {
        from,
        status: 'failed',
        error: failure.error.message,
        code: failure.error.code,
        retry_count: failure.retryCount,
        retry_in: formatSeconds(failure.retryAt - this.#now()),
      },
      'cluster connection changed',
    );
    this.#onChange();
  }

  #move(next: ConnectionStatus): ConnectionStatus {
    const from = this.#status;
    const allowed: readonly ConnectionStatus[] = NEXT[from];
    if (!allowed.includes(next)) throw new Error(`a cluster connection cannot go from ${from} to ${next}`);
    this.#status = next;
    return from;
  }
}

/** Formats milliseconds as `4.2s`, never below zero. */
export function formatSeconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
}
