import { withJitter } from '@nightcrier/core/async/backoff';
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
  /** The subscription existed at this time, milliseconds since the epoch. */
  onAlive: (askedAt: number) => void;
}

/**
 * Probes a subscription until it is dead. A server cancels a subscription whose notification it could not send, and still
 * answers everything else. So the probe lists the subscriptions where the server supports it. Elsewhere it pings, unless a list
 * has succeeded in the same session since the last probe, which proves as much. The server's watches can die as well, and the subscription stays registered: {@link SightCheck} finds that.
 * @throws ConnectionError with the result of the probe, or the signal's reason
 */
export async function watchLiveness(watched: WatchedSubscription): Promise<never> {
  const { session, endpoint, liveness, random, signal, check, steadyNow } = watched;
  const after = (ms: number): number => steadyNow() + withJitter(ms, PROBE_JITTER, random());
  let probeAt = after(liveness.interval);
  let proveAt = check.listsEvents ? steadyNow() : after(liveness.proveInterval);
  let listedAt = -Infinity;
  for (;;) {
    await sleep(Math.max(0, Math.min(probeAt, proveAt, check.dueAt) - steadyNow()), undefined, { signal });
    if (session.isSilent(Date.now(), liveness.silence)) {
      throw new ConnectionError('stream_lost', `${endpoint}: the event stream sent nothing for too long`);
    }
    check.followPush();
    if (steadyNow() >= probeAt) {
      if (!isProbed(watched, steadyNow() - listedAt)) await probeTwice(watched);
      probeAt = after(liveness.interval);
    }
    if (steadyNow() >= proveAt) {
      const [askedAt, begunAt] = [Date.now(), steadyNow()];
      const isProven = await check.run();
      proveAt = isProven ? after(liveness.proveInterval) : steadyNow() + liveness.retry;
      if (!isProven || !session.tools.has(LIST_RESOURCES_TOOL)) continue;
      listedAt = begunAt;
      if (isProbed(watched, 0)) confirm(watched, askedAt);
    }
  }
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

async function probeTwice(watched: WatchedSubscription): Promise<void> {
  let askedAt = Date.now();
  try {
    await probe(watched);
  } catch (error) {
    if (endsSession(error)) throw error;
    askedAt = Date.now();
    await probe(watched);
  }
  confirm(watched, askedAt);
}

/** Returns whether a list in the session, that many ms ago, takes the place of a probe. */
function isProbed({ session, liveness }: WatchedSubscription, listAge: number): boolean {
  return !session.tools.has(LIST_SUBSCRIPTIONS_TOOL) && listAge < liveness.interval;
}

function confirm({ sight, onAlive }: WatchedSubscription, askedAt: number): void {
  // What was not proven does not become so by a registration.
  if (!sight.isDegraded('proof') && !sight.isDegraded('push')) onAlive(askedAt);
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
