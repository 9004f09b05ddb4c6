import type { Logger } from '@nightcrier/core/logger';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Resync } from '../../backfill/resync.ts';
import type { WatermarkTracker } from '../../backfill/watermark.ts';
import type { ClusterPoll } from '../../sources/poll.ts';
import { rootMessage } from '../session/connection-error.ts';
import type { McpSession } from '../session/session.ts';

export interface SilentPushOptions {
  poll: ClusterPoll;
  resync: Resync;
  watermark: WatermarkTracker;
  /** Whether a watch of the Kubernetes API follows the objects beside the session. */
  isFollowed: () => boolean;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Milliseconds of a clock that is never set. */
  steadyNow: () => number;
  session: McpSession;
  /** Aborted when the session ends. */
  signal: AbortSignal;
  /** The subscription is alone again. */
  onEnd: () => void;
}

const RETRY_MS = 5_000;

/**
 * Polls a cluster beside a subscription that has fallen silent, until it pushes again. The cluster was not watched since push was
 * last proven; the first poll scans that gap. Where a watch of the Kubernetes API is configured and works, there is no gap.
 */
export class SilentPushSupplement {
  readonly #options: SilentPushOptions;
  #running: AbortController | undefined;

  constructor(options: SilentPushOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** @param lastProvenAt when push was last proven, ms of the steady clock */
  start(lastProvenAt: number): void {
    const { isFollowed, watermark, now, steadyNow, signal } = this.#options;
    if (this.#running || isFollowed()) return;
    watermark.loseSince(now() - (steadyNow() - lastProvenAt));
    this.#running = new AbortController();
    void this.#poll(AbortSignal.any([signal, this.#running.signal]));
  }

  stop(): void {
    if (!this.#running) return;
    this.#running.abort();
    this.#running = undefined;
    this.#options.onEnd();
  }

  /** Never rejects. */
  async #poll(signal: AbortSignal): Promise<void> {
    const { poll, resync, session, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await poll.first(session, resync);
        await poll.repeat(session, resync, signal);
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ error: rootMessage(error) }, 'poll beside silent subscription failed');
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
