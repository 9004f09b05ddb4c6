/** A server may miss this many of its own pings. */
const MISSED_BEATS = 3;

/**
 * Tells a silent event stream from a dead one. Only a server that pings regularly can be found silent: then nothing at
 * all arrived for longer than it pings, several times over. Times in milliseconds.
 */
export class StreamPulse {
  #lastBeat: number | undefined;
  #interval: number | undefined;
  #lastActivity: number | undefined;

  /** The server pinged. */
  beat(now: number): void {
    if (this.#lastBeat !== undefined) this.#interval = now - this.#lastBeat;
    this.#lastBeat = now;
    this.activity(now);
  }

  /** Anything arrived. */
  activity(now: number): void {
    this.#lastActivity = now;
  }

  /** Whether nothing arrived for `limit`, or for several of the server's ping intervals, whichever is longer. */
  isSilent(now: number, limit: number): boolean {
    if (this.#interval === undefined || this.#lastActivity === undefined) return false;
    return now - this.#lastActivity > Math.max(limit, this.#interval * MISSED_BEATS);
  }
}
