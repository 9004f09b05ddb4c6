import type { CheckedSymptoms } from '@nightcrier/cluster/backfill/lost-reports';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';

/** Faults that Redis has not admitted yet. */
export type Backlog = 'none' | 'in flight' | 'spooled';

export interface ReportCheckOptions {
  /** Reports again what Redis has lost of all clusters. Rejects while Redis is unreachable. */
  verify: (checked: CheckedSymptoms) => Promise<void>;
  /** Returns what identifies the process of Redis. Rejects while it is unreachable. */
  runId: () => Promise<string>;
  backlog: () => Backlog;
  logger: Logger;
  /** Time between two checks, ms. */
  interval?: number;
}

const INTERVAL_MS = 5 * 60_000;
/** While faults are being admitted, or Redis is unreachable, ms. */
const RETRY_MS = 1_000;
/** A busy ingester always has faults in flight: after so many retries they may count as lost, and then as recurrences. */
const MOST_RETRIES = 30;

/**
 * Finds the reported faults that Redis has lost, at an interval. After a restart or a fail-over of Redis, which may have lost the
 * latest writes, all that is firing is checked at once.
 */
export class ReportCheck {
  readonly #options: ReportCheckOptions;
  readonly #loop: BackgroundLoop;
  #runId: string | undefined;
  #checked: CheckedSymptoms = 'missing';
  #retries = 0;

  constructor(options: ReportCheckOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop(async () => this.#check(), {
      interval: options.interval ?? INTERVAL_MS,
      firstRun: 'after_interval',
      onError: (error) => {
        options.logger.debug({ error: String(error) }, 'reported faults not checked; retrying');
        this.#loop.wake(RETRY_MS);
      },
    });
  }

  start(): void {
    this.#loop.start();
    // Notes which Redis it is.
    this.#loop.wake();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Redis may be another process, or have started again. */
  reconnected(): void {
    this.#loop.wake();
  }

  /** @returns ms until the next check, where it is not the interval */
  async #check(): Promise<number | undefined> {
    const { verify, runId } = this.#options;
    const current = await runId();
    if (this.#runId !== undefined && this.#runId !== current) this.#checked = 'all';
    this.#runId = current;
    if (this.#mustWait()) return RETRY_MS;
    await verify(this.#checked);
    this.#checked = 'missing';
    return undefined;
  }

  /** What is being admitted would count as lost. */
  #mustWait(): boolean {
    const backlog = this.#options.backlog();
    if (backlog === 'none') this.#retries = 0;
    else this.#retries += 1;
    return backlog === 'spooled' || (backlog === 'in flight' && this.#retries <= MOST_RETRIES);
  }
}
