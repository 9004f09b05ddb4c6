/** How the wait between two attempts grows. Durations in milliseconds. */
export interface BackoffPolicy {
  /** Wait after the first failure. */
  initial: number;
  /** Longest wait, jitter included. */
  max: number;
  /** Factor from one wait to the next; default 2. */
  multiplier?: number;
  /** Part of a wait by which it varies at random, up or down; default 0.1, which is ±10 %. */
  jitter?: number;
}

/**
 * Returns the wait before the next attempt, in whole milliseconds: exponential, with jitter.
 * @param failures failures in a row, at least 1
 * @param random 0 ≤ x ≤ 1
 */
export function backoff(failures: number, policy: BackoffPolicy, random: number): number {
  const { initial, max, multiplier = 2, jitter = 0.1 } = policy;
  const wait = Math.min(max, initial * multiplier ** Math.max(0, failures - 1));
  return Math.round(Math.min(max, withJitter(wait, jitter, random)));
}

/**
 * Varies `value` by at most the part `jitter` of it, in either direction.
 * @param random 0 ≤ x ≤ 1; 0.5 leaves the value as it is
 */
export function withJitter(value: number, jitter: number, random: number): number {
  return value * (1 + jitter * (2 * random - 1));
}
