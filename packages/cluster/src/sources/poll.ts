import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterLook } from '../backfill/snapshot.ts';
import { detectFaults } from '../detection/detect-faults.ts';
import type { Resync } from '../backfill/resync.ts';
import type { McpSession } from '../mcp/session/session.ts';
import { StandingFaults } from '../detection/firing-faults.ts';

export interface ClusterPollOptions {
  clusterName: string;
  /** Time between two polls, ms. */
  interval: number;
  look: ClusterLook;
  onFault: (fault: FaultEvent) => void;
}

/**
 * Looks at a cluster at an interval and reports the faults that are new. The first look of a session is a resync: what
 * it finds is not new because we have just come, but because nobody has seen it.
 */
export class ClusterPoll {
  readonly #options: ClusterPollOptions;
  readonly #standing = new StandingFaults();

  constructor(options: ClusterPollOptions) {
    this.#options = options;
  }

  /**
   * Polls for the first time in a session.
   * @throws ConnectionError when the session is lost or no kind can be listed
   */
  async first(session: McpSession, resync: Resync): Promise<void> {
    const { look, clusterName } = this.#options;
    const { snapshot, complete } = await look.take(session);
    this.#standing.update(detectFaults(snapshot, clusterName), complete);
    resync.begin(snapshot.takenAt.getTime());
    await resync.judge(snapshot, { clusterName, mode: 'poll' });
  }

  /** Polls at the interval until something throws. */
  async repeat(session: McpSession, resync: Resync, signal: AbortSignal): Promise<never> {
    const { look, clusterName, interval, onFault } = this.#options;
    for (;;) {
      await sleep(interval, undefined, { signal });
      const { snapshot, complete } = await look.take(session);
      for (const fault of this.#standing.update(detectFaults(snapshot, clusterName), complete)) onFault(fault);
      await resync.judge(snapshot, { clusterName, mode: 'poll' });
    }
  }
}
