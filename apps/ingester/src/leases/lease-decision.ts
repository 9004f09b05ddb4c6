import type { Lease } from '@nightcrier/state/leases/cluster-leases';

/** Input of the decision about one cluster. Times in ms. */
export interface LeaseSituation {
  /** Undefined: no ingester holds it. */
  lease: Lease | undefined;
  /** By the clock of the lease, which is Redis's. */
  now: number;
  id: string;
  /** Token of the lease that this ingester believes to hold. */
  token: number | undefined;
  /** The live ingesters, ranked by rendezvous hashing for this cluster. */
  ranked: readonly string[];
  /** Whether this ingester has a connection to the cluster, and whether the connection is active. */
  watching: boolean;
  active: boolean;
  /** How long this ingester has seen the cluster without a live owner. */
  unheldFor: number;
  /** How long Redis has answered without a failure. */
  inTouchFor: number;
  /** Whether Redis was unreachable before, so that other ingesters may not have reached it again yet. */
  afterOutage: boolean;
  leaseLength: number;
}

/**
 * - `hold`: keep the lease and watch the cluster.
 * - `take`: take the lease and watch the cluster.
 * - `join`: watch the cluster without the lease. Once the connection is active the decision is `take`, and the former
 *   owner's is `leave`.
 * - `leave`: do not watch the cluster.
 */
export type LeaseDecision = 'hold' | 'take' | 'join' | 'leave';

/**
 * Decides about one cluster. Two rules keep every cluster watched. A lease with a live owner is taken only by an ingester
 * whose connection is active. A lease without one is taken by the first in rank immediately, and by each other one a
 * lease length after the one before it in rank.
 */
export function decideLease(situation: LeaseSituation): LeaseDecision {
  const { lease, now, id, token, watching, unheldFor, inTouchFor, afterOutage, leaseLength } = situation;
  // Ours with another token: the answer of the call that took it was lost.
  if (lease?.owner === id) return lease.token === token ? 'hold' : 'take';
  const rank = situation.ranked.indexOf(id);
  if (lease && lease.expires_at > now) {
    // Taken from us while this process was paused: the connection may be stale, and a new one has to become active first.
    if (rank !== 0 || token !== undefined) return 'leave';
    return situation.active ? 'take' : 'join';
  }
  // After an outage of Redis every lease has expired or is lost. Its owner still watches, and may not have renewed yet.
  const maybeAlive = (lease !== undefined || afterOutage) && inTouchFor < leaseLength;
  if (maybeAlive) {
    if (rank !== 0 && !watching) return 'leave';
    return rank === 0 && situation.active ? 'take' : 'join';
  }
  if (rank !== -1 && unheldFor >= rank * leaseLength) return 'take';
  return watching ? 'join' : 'leave';
}
