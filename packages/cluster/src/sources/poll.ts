import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterScan } from '../backfill/cluster-scan.ts';
import type { Resync } from '../backfill/resync.ts';
import type { ClusterDetection } from '../detection/cluster-detection.ts';
import type { McpSession } from '../mcp/session/session.ts';

/** A server is busy with our polls for this part of its time at most. */
export const DEFAULT_POLL_SHARE = 0.1;

export interface ClusterPollOptions {
  /** Shortest time between two polls, ms. */
  interval: number;
  /** Largest part of the time in which a poll runs; the interval grows with what a poll takes. */
  share: number;
  scan: ClusterScan;
  detection: ClusterDetection;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Scans a cluster at an interval. The first scan of a session is a resync: what it finds is not new because we have just
 * come, but because nobody has seen it.
 */
export class ClusterPoll {
  readonly #options: ClusterPollOptions;
  /** How long the last poll took, ms. */
  #took = 0;

  constructor(options: ClusterPollOptions) {
    this.#options = options;
  }

  /**
   * Polls for the first time in a session.
   * @throws ConnectionError when the session is lost or no kind can be listed
   */
  async first(session: McpSession, resync: Resync): Promise<void> {
    resync.begin(this.#options.now());
    await this.#poll(session, resync);
  }

  /** Polls at the interval until something throws. */
  async repeat(session: McpSession, resync: Resync, signal: AbortSignal): Promise<never> {
    const { interval, share } = this.#options;
    for (;;) {
      await sleep(Math.max(interval, this.#took * (1 / share - 1)), undefined, { signal });
      await this.#poll(session, resync, signal);
    }
  }

  async #poll(session: McpSession, resync: Resync, signal?: AbortSignal): Promise<void> {
    const { scan, detection, now } = this.#options;
    const startedAt = performance.now();
    const options = { now, remember: true, ...(signal && { signal }) };
    const scannedAt = await scan.run(session, detection.detector, options);
    this.#took = performance.now() - startedAt;
    await resync.settle(scannedAt, 'poll');
  }
}
