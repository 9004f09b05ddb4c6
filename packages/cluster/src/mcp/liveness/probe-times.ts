/** How a quiet connection is probed. Durations in milliseconds. */
export interface Liveness {
  /** Between two probes of the subscription. */
  interval: number;
  /** Deadline of a probe. */
  timeout: number;
  /** Longest silence of a stream that carried pings before. */
  silence: number;
  /** Between two proofs of sight, and its deadline. */
  proveInterval: number;
  proveTimeout: number;
  /** Between two attempts, once one has failed. */
  retry: number;
  /** Requests wait until they are due for many clusters, for at most this time. */
  grain: number;
  /** Longest time without a proof; also the time in which a Warning Event must be pushed. */
  proof: number;
}

const MAX_PROBE_TIMEOUT = 10_000;

/** Spreads the probes of many connections. Small, so that the intervals can be long. */
export const PROBE_JITTER = 0.05;

/**
 * Returns probe times that detect a dead connection within `readTimeout` (`sse_read_timeout`), and a cluster that cannot be
 * listed within `proof`. The longest case is one interval with its jitter and grain, one attempt that fails, and one that
 * confirms it.
 */
export function livenessWithin(readTimeout: number, proof: number): Liveness {
  return {
    interval: readTimeout * 0.5,
    timeout: Math.min(MAX_PROBE_TIMEOUT, readTimeout * 0.2),
    silence: readTimeout,
    proveInterval: (proof * 2) / 3,
    proveTimeout: proof * 0.1,
    retry: proof / 15,
    grain: Math.min(readTimeout, proof) / 120,
    proof,
  };
}
