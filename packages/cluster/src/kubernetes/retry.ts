import { KubernetesError } from './kubernetes-error.ts';

/** Attempts of one request, the first included. */
export const MOST_ATTEMPTS = 4;
const FIRST_WAIT_MS = 250;

/** A throttling server, or one that restarts, answers the same request a moment later. */
const PASSING: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/**
 * Returns the wait before the next attempt, ms; undefined: the failure is final.
 * @param attempt that failed, from 1
 * @param random between 0 and 1
 */
export function retryDelay(error: unknown, attempt: number, random: number): number | undefined {
  if (!(error instanceof KubernetesError) || error.status === undefined || !PASSING.has(error.status)) return undefined;
  if (attempt >= MOST_ATTEMPTS) return undefined;
  // The server knows best when it is ready; clients that were throttled together should not come back together.
  if (error.retryAfter !== undefined) return error.retryAfter + random * FIRST_WAIT_MS;
  return FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + random);
}

/** Parses a Retry-After header, seconds or an HTTP date, to ms from `now`. */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
