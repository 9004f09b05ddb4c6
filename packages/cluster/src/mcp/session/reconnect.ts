/** How a failed connection is tried again (design.md, "Reconnection Strategy"). Durations in milliseconds. */
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
 * The wait before the next attempt.
 * @param failures failures in a row, at least 1
 * @param random between 0 and 1
 */
export function backoff(failures: number, config: ReconnectConfig, random: number): number {
  const plain = Math.min(config.maxBackoff, config.initialBackoff * config.multiplier ** (failures - 1));
  return Math.min(config.maxBackoff, withJitter(plain, config.jitter, random));
}

/** The longest wait, for what only an operator can mend. */
export function slowest({ maxBackoff, jitter }: ReconnectConfig, random: number): number {
  return maxBackoff * (1 - jitter * random);
}

/** `value` varied by at most the part `jitter` of it, in either direction. */
export function withJitter(value: number, jitter: number, random: number): number {
  return value * (1 + jitter * (2 * random - 1));
}
