import { withJitter } from '@nightcrier/core/async/backoff';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionError, endsSession } from '../session/connection-error.ts';
import type { McpSession } from '../session/session.ts';
import { LIST_SUBSCRIPTIONS_TOOL, subscriptionState } from '../session/tools.ts';

/** How a quiet connection is probed. Durations in milliseconds. */
export interface Liveness {
  /** Between two probes. */
  interval: number;
  /** Deadline of a probe. */
  timeout: number;
  /** Longest silence of a stream that carried pings before. */
  silence: number;
}

const MAX_PROBE_TIMEOUT = 10_000;
const JITTER = 0.1;

/**
 * Returns probe times that detect a dead connection within `readTimeout` (`sse_read_timeout`). The longest case is one
 * interval with its jitter, one probe that fails, and one that confirms it. 75 s give a probe every 30 s.
 */
export function livenessWithin(readTimeout: number): Liveness {
  return {
    interval: readTimeout * 0.4,
    timeout: Math.min(MAX_PROBE_TIMEOUT, readTimeout * 0.2),
    silence: readTimeout,
  };
}

export interface WatchedSubscription {
  session: McpSession;
  /** All of the session. */
  subscriptionIds: readonly string[];
  endpoint: string;
  liveness: Liveness;
  random: () => number;
  signal: AbortSignal;
  /** The subscription existed at this time, milliseconds since the epoch. */
  onAlive: (askedAt: number) => void;
}

/**
 * Probes a subscription until it is dead. A server cancels a subscription whose notification it could not send, and still
 * answers everything else. So the probe lists the subscriptions where the server supports it, and else pings.
 * @throws ConnectionError with the result of the probe, or the signal's reason
 */
export async function watchLiveness(watched: WatchedSubscription): Promise<never> {
  const { session, endpoint, liveness, random, signal } = watched;
  for (;;) {
    await sleep(withJitter(liveness.interval, JITTER, random()), undefined, { signal });
    if (session.isSilent(Date.now(), liveness.silence)) {
      throw new ConnectionError('stream_lost', `${endpoint}: the event stream sent nothing for too long`);
    }
    let askedAt = Date.now();
    try {
      await probe(watched);
    } catch (error) {
      if (endsSession(error)) throw error;
      askedAt = Date.now();
      await probe(watched);
    }
    watched.onAlive(askedAt);
  }
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
