/** A server may miss this many of its own pings. */
const MISSED_BEATS = 3;

/**
 * Detects an event stream that is silent for too long. Applies only to servers that ping regularly: several pings in a
 * row must be missing, and everything else too. Times in milliseconds.
 */
export class StreamPulse {
  #lastBeat: number | undefined;
  #interval: number | undefined;
  #lastActivity: number | undefined;

  /** Records a ping of the server. */
  beat(now: number): void {
    if (this.#lastBeat !== undefined) this.#interval = now - this.#lastBeat;
    this.#lastBeat = now;
    this.activity(now);
  }

  /** Records that anything arrived. */
  activity(now: number): void {
    this.#lastActivity = now;
  }

  /** Whether nothing arrived for `limit`, or for several of the server's ping intervals, whichever is longer. */
  isSilent(now: number, limit: number): boolean {
    if (this.#interval === undefined || this.#lastActivity === undefined) return false;
    return now - this.#lastActivity > Math.max(limit, this.#interval * MISSED_BEATS);
  }
}
