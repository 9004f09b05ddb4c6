import { wakeTime } from '@nightcrier/core/async/wake-time';
import { setTimeout as sleep } from 'node:timers/promises';

/** Lists at once after a quiet time: those of some twenty clusters. */
const BURST = 200;
/** Lists for each second of the process. A list takes about 0.2 ms of CPU if it is small, so this is half a percent. */
const RATE = 25;
/** What is granted within this time begins together, ms. */
const GRAIN_MS = 1_000;

/**
 * Spreads lists that nothing urgent waits for over time, for all clusters of a process: a thousand clusters that
 * connect together get their subscriptions first.
 */
export class ListPace {
  readonly #now: () => number;
  /** When everything that was granted is used up, ms. */
  #busyUntil = -Infinity;

  /** @param now ms of a clock that never runs backwards */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Grants lists if they can begin now. @returns whether they can */
  tryTake(lists: number): boolean {
    const now = this.#now();
    const until = this.#after(lists, now);
    if (until > now) return false;
    this.#busyUntil = until;
    return true;
  }

  /** Grants lists. @returns ms until they can begin, together with others of the same second */
  reserve(lists: number): number {
    const now = this.#now();
    this.#busyUntil = this.#after(lists, now);
    return Math.max(0, wakeTime(this.#busyUntil, GRAIN_MS) - now);
  }

  /** Resolves when that many lists can begin. @throws the signal's reason */
  async wait(lists: number, signal: AbortSignal): Promise<void> {
    await sleep(this.reserve(lists), undefined, { signal });
  }

  #after(lists: number, now: number): number {
    return Math.max(this.#busyUntil, now - (BURST / RATE) * 1_000) + (lists / RATE) * 1_000;
  }
}
