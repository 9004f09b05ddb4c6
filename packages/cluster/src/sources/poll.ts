import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterScan } from '../backfill/cluster-scan.ts';
import type { Resync } from '../backfill/resync.ts';
import type { ClusterDetection } from '../detection/cluster-detection.ts';
import type { McpSession } from '../mcp/session/session.ts';

export interface ClusterPollOptions {
  /** Time between two polls, ms. */
  interval: number;
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

  constructor(options: ClusterPollOptions) {
    this.#options = options;
  }

  /**
   * Polls for the first time in a session.
   * @throws ConnectionError when the session is lost or no kind can be listed
   */
  async first(session: McpSession, resync: Resync): Promise<void> {
    const { scan, detection, now } = this.#options;
    resync.begin(now());
    const scannedAt = await scan.run(session, detection.detector, { now });
    await resync.settle(scannedAt, 'poll');
  }

  /** Polls at the interval until something throws. */
  async repeat(session: McpSession, resync: Resync, signal: AbortSignal): Promise<never> {
    const { scan, detection, interval, now } = this.#options;
    for (;;) {
      await sleep(interval, undefined, { signal });
      const scannedAt = await scan.run(session, detection.detector, { now, signal });
      await resync.settle(scannedAt, 'poll');
    }
  }
}
