/** When an investigation that could not run is tried again. Times in milliseconds. */
export interface RetryPolicy {
  /** `max_attempts` */
  maxAttempts: number;
  initial: number;
  max: number;
  /** 0 ≤ x < 1 */
  random: () => number;
}

/** The initial delay doubled for each attempt made, up to the longest, ±10 % so that retries of one outage spread. */
export function retryDelay(attempts: number, { initial, max, random }: RetryPolicy): number {
  const delay = Math.min(initial * 2 ** Math.max(0, attempts - 1), max);
  return Math.round(delay * (0.9 + 0.2 * random()));
}
