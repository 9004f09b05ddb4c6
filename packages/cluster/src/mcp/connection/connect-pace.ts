import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';

/** Connects of a process at once: jitter alone does not spread a thousand of them behind one ingress. */
const CONCURRENCY = 50;
/** How often the event loop is tried while it is late, and from which delay on it is late, ms. */
const TRIAL_MS = 10;
const LATE_MS = 100;
/** No connect waits longer for the event loop, ms: something else may occupy it for long. */
const PATIENCE_MS = 2_000;
/** Scans at once that have waited for connects, how long one waits, and how often it tries, ms. */
const SCANS = 10;
const SCAN_PATIENCE_MS = 30_000;
const CROWD_TRIAL_MS = 100;
/** A cluster is subscribed within this time after its connect, if the process has time for it, ms. */
const SUBSCRIBED_AFTER_MS = 1_000;

export interface ConnectPaceClock {
  /** Milliseconds of a clock that is never set. */
  now: () => number;
  sleep: (milliseconds: number) => Promise<void>;
}

const CLOCK: ConnectPaceClock = { now: () => performance.now(), sleep: (milliseconds) => sleep(milliseconds) };

/**
 * Paces the connects of a process by what they cost. A connect is over when its cluster is about to subscribe, and what follows
 * (the subscription, the first lists) costs more. So while others wait, none begins as long as the event loop is late: with thousands of
 * clusters, what was begun would not be answered in time, and begin again. The lists wait until all are subscribed. A few clusters,
 * as of a hand-over, wait for nothing.
 */
export class ConnectPace {
  readonly #limit = pLimit(CONCURRENCY);
  readonly #scans = pLimit(SCANS);
  readonly #clock: ConnectPaceClock;
  /** Connects that run, and have waited for others. */
  #crowd = 0;
  #crowdEndedAt = -Infinity;

  constructor(clock: ConnectPaceClock = CLOCK) {
    this.#clock = clock;
  }

  /** Runs a connect when there is time for it. @returns its result */
  readonly run = <T>(connect: () => Promise<T>): Promise<T> => {
    const waits = this.#limit.activeCount + this.#limit.pendingCount >= CONCURRENCY;
    return this.#limit(async () => {
      if (this.#limit.pendingCount > 0) await this.#untilPrompt();
      return waits ? this.#inCrowd(connect) : connect();
    });
  };

  /** Whether connects wait for others, or have waited and are not over yet, or only just. */
  get isCrowded(): boolean {
    return (
      this.#limit.pendingCount > 0 || this.#crowd > 0 || this.#clock.now() - this.#crowdEndedAt < SUBSCRIBED_AFTER_MS
    );
  }

  /** Runs a scan, together with a few others, when no connect waits any more or half a minute has passed. */
  async afterConnects(scan: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { now, sleep: wait } = this.#clock;
    const latest = now() + SCAN_PATIENCE_MS;
    await this.#scans(async () => {
      while (this.isCrowded && now() < latest && !signal.aborted) await wait(CROWD_TRIAL_MS);
      if (!signal.aborted) await scan();
    });
  }

  async #inCrowd<T>(connect: () => Promise<T>): Promise<T> {
    this.#crowd += 1;
    try {
      return await connect();
    } finally {
      this.#crowd -= 1;
      this.#crowdEndedAt = this.#clock.now();
    }
  }

  async #untilPrompt(): Promise<void> {
    const { now, sleep: wait } = this.#clock;
    const begunAt = now();
    for (let triedAt = begunAt; triedAt - begunAt < PATIENCE_MS; triedAt = now()) {
      await wait(TRIAL_MS);
      if (now() - triedAt - TRIAL_MS < LATE_MS) return;
    }
  }
}
