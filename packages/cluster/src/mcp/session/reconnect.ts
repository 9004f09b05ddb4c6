import { backoff } from '@nightcrier/core/async/backoff';

/** How a failed connection is retried (design.md, "Reconnection Strategy"). Durations in milliseconds. */
export interface ReconnectConfig {
  initialBackoff: number;
  /** Never exceeded, jitter included. */
  maxBackoff: number;
  multiplier: number;
  /** Part of a backoff by which it varies at random, up or down: 0.1 is ±10 %. */
  jitter: number;
  /** A connection that was active for this long starts again at the initial backoff. */
  stableAfter: number;
}

export const DEFAULT_RECONNECT: ReconnectConfig = {
  initialBackoff: 1_000,
  maxBackoff: 60_000,
  multiplier: 2,
  jitter: 0.1,
  stableAfter: 30_000,
};

/**
 * Returns the wait before the next attempt.
 * @param failures failures in a row, at least 1
 * @param random between 0 and 1
 */
export function reconnectDelay(failures: number, config: ReconnectConfig, random: number): number {
  const { initialBackoff: initial, maxBackoff: max, multiplier, jitter } = config;
  return backoff(failures, { initial, max, multiplier, jitter }, random);
}

/** Returns the longest wait, for a failure that only an operator can fix. */
export function longestReconnectDelay({ maxBackoff, jitter }: ReconnectConfig, random: number): number {
  return Math.round(maxBackoff * (1 - jitter * random));
}
