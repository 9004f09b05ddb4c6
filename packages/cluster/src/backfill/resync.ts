import { withJitter } from '@nightcrier/core/async/backoff';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { Logger } from '@nightcrier/core/logger';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterLook } from './snapshot.ts';
import { ConnectionError, rootMessage } from '../mcp/session/connection-error.ts';
import type { WatermarkMemory, WatermarkTracker } from './watermark.ts';
import { isFinal } from '../mcp/connection/liveness.ts';
import { type MissedFault, missedFaults, type MissedQuestion } from './missed-faults.ts';
import { type ReconnectConfig, reconnectDelay } from '../mcp/session/reconnect.ts';
import type { ClusterSnapshot } from '../detection/resource-kinds.ts';
import type { McpSession } from '../mcp/session/session.ts';

export interface ResyncOptions {
  look: ClusterLook;
  watermark: WatermarkTracker;
  memory: WatermarkMemory;
  /** Time between two looks at a cluster that is watched all the while, ms; 0: none. */
  interval: number;
  /** How a look that failed is tried again. */
  reconnect: ReconnectConfig;
  logger: Logger;
  now: () => number;
  random: () => number;
  onFault: (fault: FaultEvent) => void;
}

type Question = Omit<MissedQuestion, 'since'>;

/** A subscription and the session it lives in. */
export interface ResyncWatch {
  session: McpSession;
  question: Question;
  signal: AbortSignal;
  /** The look found the session gone. */
  onLost: (error: ConnectionError) => void;
}

/** A subscription is not held up for longer; the look goes on beside it. */
const PATIENCE_MS = 10_000;
const JITTER = 0.1;

/**
 * Sees to it that no fault goes by unseen: servers tell of a fault once, to those who listen at that moment. So after
 * each subscription we ask the server what is wrong and what went wrong since the last contact. What has an incident
 * already is left alone. As long as that has not succeeded, the last contact stays where it was.
 */
export class Resync {
  readonly #options: ResyncOptions;
  /** What was reported and still stands, with the time since when. */
  #reported = new Map<string, number>();
  /** When the subscription began whose gap is not looked through yet. */
  #pendingFrom: number | undefined;
  #lookedAt: number | undefined;

  constructor(options: ResyncOptions) {
    this.#options = options;
  }

  /** The cluster is watched again since `from`, milliseconds since the epoch; there was a gap before. */
  begin(from: number): void {
    this.#options.watermark.lose();
    this.#pendingFrom = from;
  }

  /**
   * Looks through the gap, again and again until it succeeds, and later at the interval. Never rejects.
   * @returns when the first look is over, or when it takes so long that the subscription should not wait for it
   */
  async follow(watch: ResyncWatch): Promise<void> {
    const first = Promise.withResolvers<void>();
    void this.#repeat(watch, () => first.resolve());
    const patience = new AbortController();
    const enough = AbortSignal.any([patience.signal, watch.signal]);
    await Promise.race([first.promise, sleep(PATIENCE_MS, undefined, { signal: enough }).catch(() => undefined)]);
    patience.abort();
  }

  /** The server has no tool to look with: the gap is counted, and what happened in it is not known. Never rejects. */
  async pass(): Promise<void> {
    const { watermark, logger, now } = this.#options;
    logger.warn({}, 'server cannot be asked for what was missed: it has no resources_list');
    try {
      await watermark.load();
      watermark.resume(this.#pendingFrom ?? now());
      this.#pendingFrom = undefined;
    } catch (error) {
      logger.debug({ error: rootMessage(error) }, 'last contact is not known');
    }
  }

  /** Reports what a snapshot shows of the gap, if there still is one. Never rejects; returns whether there is none left. */
  async judge(snapshot: ClusterSnapshot, question: Question): Promise<boolean> {
    const { watermark, logger } = this.#options;
    if (this.#pendingFrom === undefined) {
      watermark.confirm(snapshot.takenAt.getTime());
      return true;
    }
    try {
      await watermark.load();
      await this.#report(snapshot, { ...question, since: watermark.last });
      watermark.resume(this.#pendingFrom);
      watermark.confirm(snapshot.takenAt.getTime());
      this.#pendingFrom = undefined;
      return true;
    } catch (error) {
      logger.warn({ error: rootMessage(error) }, 'resync is put off; it will look as far back then');
      return false;
    }
  }

  async #repeat(watch: ResyncWatch, onFirst: () => void): Promise<void> {
    const { signal } = watch;
    const { interval, reconnect, random } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const isDone = await this.#attempt(watch);
      onFirst();
      failures = isDone ? 0 : failures + 1;
      if (isDone && interval === 0) return;
      const wait = isDone ? withJitter(interval, JITTER, random()) : reconnectDelay(failures, reconnect, random());
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  async #attempt(watch: ResyncWatch): Promise<boolean> {
    const { look, logger } = this.#options;
    const { session, question, signal, onLost } = watch;
    try {
      const { snapshot } = await look.take(session);
      if (signal.aborted) return false;
      if (this.#pendingFrom !== undefined) return await this.judge(snapshot, question);
      await this.#report(snapshot, { ...question, since: this.#lookedAt });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (error instanceof ConnectionError && isFinal(error)) {
        onLost(error);
        return false;
      }
      logger.warn({ error: rootMessage(error) }, 'resync could not look; it will try again');
      return false;
    }
  }

  async #report(snapshot: ClusterSnapshot, question: MissedQuestion): Promise<void> {
    const { memory, logger, onFault } = this.#options;
    const found = missedFaults(snapshot, question);
    const fresh = found.filter((missed) => this.#reported.get(missed.fault.faultId) !== beganAt(missed));
    const known = await areKnown(fresh, memory);
    const missed = fresh.filter((_, index) => !known[index]);
    this.#reported = new Map(found.map((one) => [one.fault.faultId, beganAt(one)]));
    this.#lookedAt = snapshot.takenAt.getTime();
    const since = question.since === undefined ? 'never' : new Date(question.since).toISOString();
    logger.info({ last_contact: since, wrong: found.length, missed: missed.length }, 'cluster resynced');
    for (const { fault } of missed) onFault(fault);
  }
}

function beganAt({ knownBy }: MissedFault): number {
  return knownBy[0]?.since ?? 0;
}

async function areKnown(faults: MissedFault[], memory: WatermarkMemory): Promise<boolean[]> {
  const known = await memory.known(faults.flatMap(({ knownBy }) => knownBy));
  let at = 0;
  return faults.map(({ knownBy }) => {
    const ours = known.slice(at, at + knownBy.length);
    at += knownBy.length;
    return ours.includes(true);
  });
}
