import { withJitter } from '@nightcrier/core/async/backoff';
import { wakeTime } from '@nightcrier/core/async/wake-time';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterSight } from '../../sight/cluster-sight.ts';
import { ConnectionError, endsSession } from '../session/connection-error.ts';
import type { McpSession } from '../session/session.ts';
import { LIST_RESOURCES_TOOL, LIST_SUBSCRIPTIONS_TOOL, subscriptionState } from '../session/tools.ts';
import { type Liveness, PROBE_JITTER } from './probe-times.ts';
import type { SightCheck } from './sight-check.ts';

export interface WatchedSubscription {
  session: McpSession;
  /** All of the session. */
  subscriptionIds: readonly string[];
  endpoint: string;
  liveness: Liveness;
  random: () => number;
  signal: AbortSignal;
  sight: ClusterSight;
  check: SightCheck;
  /** Milliseconds of a clock that is never set. */
  steadyNow: () => number;
  /** Whether many clusters connect, so that the first list of Events comes later. */
  isCrowded: boolean;
  /** The subscription existed at this time, milliseconds since the epoch. */
  onAlive: (askedAt: number) => void;
}

/** A request that is due within this part of its interval is sent with another one. */
const JOINED_PART = 0.25;
/** The first request comes after this part of its interval at the earliest. */
const EARLIEST_FIRST = 0.3;

/**
 * Probes a subscription until it is dead. A server cancels a subscription whose notification it could not send, and still
 * answers everything else. So the probe lists the subscriptions where the server supports it. Elsewhere it pings, unless a list
 * has succeeded in the same session since the last probe, which proves as much. The server's watches can die as well, and the subscription stays registered: {@link SightCheck} finds that.
 * @throws ConnectionError with the result of the probe, or the signal's reason
 */
export async function watchLiveness(watched: WatchedSubscription): Promise<never> {
  const { session, endpoint, liveness, signal, check, steadyNow } = watched;
  const requests = new Requests(watched);
  for (;;) {
    const wakeAt = Math.min(requests.probeAt, requests.proveAt, check.dueAt);
    await sleep(Math.max(0, wakeTime(wakeAt, liveness.grain) - steadyNow()), undefined, { signal });
    if (session.isSilent(Date.now(), liveness.silence)) {
      throw new ConnectionError('stream_lost', `${endpoint}: the event stream sent nothing for too long`);
    }
    check.followPush();
    await requests.send();
  }
}

/** The requests that a subscription is watched by, and when the next ones are due, ms of the steady clock. */
class Requests {
  readonly #watched: WatchedSubscription;
  /** When the first proof is due, or the second one where the first list is what later ones are compared with. */
  readonly #firstProofAt: number;
  #listedAt = -Infinity;
  /** When the last list was asked for that succeeded, and the last probe, ms since the epoch. */
  #provenAt = Date.now();
  #registeredAt = Date.now();
  probeAt: number;
  proveAt: number;

  constructor(watched: WatchedSubscription) {
    const { liveness, random, check, steadyNow, isCrowded } = watched;
    this.#watched = watched;
    // Many connections begin together. Their requests are spread over the interval from the first one on.
    const phase = EARLIEST_FIRST + (1 - EARLIEST_FIRST) * random();
    this.probeAt = steadyNow() + liveness.interval * phase;
    this.#firstProofAt = steadyNow() + liveness.proveInterval * phase;
    this.proveAt = listsAtOnce({ listsEvents: check.listsEvents, isCrowded }) ? steadyNow() : this.#firstProofAt;
  }

  /** Sends what is due. @throws ConnectionError when the session is over */
  async send(): Promise<void> {
    const { liveness, steadyNow } = this.#watched;
    const { probe, proof } = dueTogether(this, liveness, steadyNow());
    // Where a list takes the place of a ping, it comes first.
    const listsFirst = isProbed(this.#watched, 0);
    if (proof && listsFirst) await this.#prove();
    if (probe) {
      if (!isProbed(this.#watched, steadyNow() - this.#listedAt)) {
        this.#registeredAt = await probeTwice(this.#watched);
        this.#confirm();
      }
      this.probeAt = this.#after(liveness.interval);
    }
    if (proof && !listsFirst) await this.#prove();
  }

  async #prove(): Promise<void> {
    const { liveness, session, check, steadyNow } = this.#watched;
    const [askedAt, begunAt] = [Date.now(), steadyNow()];
    const isProven = await check.run();
    if (!isProven) this.proveAt = steadyNow() + liveness.retry;
    else if (steadyNow() < this.#firstProofAt) this.proveAt = this.#firstProofAt;
    else this.proveAt = this.#after(liveness.proveInterval);
    if (!isProven || !session.tools.has(LIST_RESOURCES_TOOL)) return;
    this.#listedAt = begunAt;
    this.#provenAt = askedAt;
    if (isProbed(this.#watched, 0)) this.#registeredAt = askedAt;
    this.#confirm();
  }

  /** The cluster was watched until the server last listed it, and until the subscription was last found registered. */
  #confirm(): void {
    const { sight, onAlive } = this.#watched;
    if (!sight.isDegraded('proof') && !sight.isDegraded('push')) onAlive(Math.min(this.#provenAt, this.#registeredAt));
  }

  #after(ms: number): number {
    return this.#watched.steadyNow() + withJitter(ms, PROBE_JITTER, this.#watched.random());
  }
}

/**
 * Returns whether the first list of Events, which later ones are compared with, comes at once. While many clusters connect, each list
 * would delay the others.
 */
export function listsAtOnce({ listsEvents, isCrowded }: { listsEvents: boolean; isCrowded: boolean }): boolean {
  return listsEvents && !isCrowded;
}

/**
 * Returns which requests to send now. One that is due soon goes with the other over the same connection: servers close idle ones
 * long before the next request, and a new one costs a handshake.
 */
export function dueTogether(
  { probeAt, proveAt }: { probeAt: number; proveAt: number },
  { interval, proveInterval }: Pick<Liveness, 'interval' | 'proveInterval'>,
  now: number,
): { probe: boolean; proof: boolean } {
  const isAnyDue = now >= Math.min(probeAt, proveAt);
  return {
    probe: isAnyDue && now >= probeAt - interval * JOINED_PART,
    proof: isAnyDue && now >= proveAt - proveInterval * JOINED_PART,
  };
}

/** Proves sight through a session that polls, whenever no list has done so for a while. @throws as {@link watchLiveness} */
export async function watchSight(
  watched: Pick<WatchedSubscription, 'liveness' | 'random' | 'signal' | 'sight' | 'check'>,
): Promise<never> {
  const { liveness, random, signal, sight, check } = watched;
  for (;;) {
    const isProven = sight.proofAge < liveness.proveInterval / 2 || (await check.run());
    const wait = isProven ? withJitter(liveness.proveInterval, PROBE_JITTER, random()) : liveness.retry;
    await sleep(wait, undefined, { signal });
  }
}

/** @returns when it was asked, ms since the epoch */
async function probeTwice(watched: WatchedSubscription): Promise<number> {
  let askedAt = Date.now();
  try {
    await probe(watched);
  } catch (error) {
    if (endsSession(error)) throw error;
    askedAt = Date.now();
    await probe(watched);
  }
  return askedAt;
}

/** Returns whether a list in the session, that many ms ago, takes the place of a probe. */
function isProbed({ session, liveness }: WatchedSubscription, listAge: number): boolean {
  return !session.tools.has(LIST_SUBSCRIPTIONS_TOOL) && listAge < liveness.interval;
}

async function probe({ session, subscriptionIds, endpoint, liveness }: WatchedSubscription): Promise<void> {
  if (!session.tools.has(LIST_SUBSCRIPTIONS_TOOL)) {
    await session.ping(liveness.timeout);
    return;
  }
  const answer = await session.call(LIST_SUBSCRIPTIONS_TOOL, {}, liveness.timeout);
  if (answer.isError)
    throw new ConnectionError('tool_failed', `${endpoint}: ${LIST_SUBSCRIPTIONS_TOOL}: ${answer.text}`);
  const standings = new Set(subscriptionIds.map((id) => subscriptionState(answer, id)));
  if (standings.has('gone'))
    throw new ConnectionError('subscription_lost', `${endpoint} no longer holds the subscription`);
  if (standings.has('degraded'))
    throw new ConnectionError('subscription_lost', `${endpoint} reports the subscription as degraded`);
}
