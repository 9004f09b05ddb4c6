import type { Lease } from '@nightcrier/state/leases/cluster-leases';

/** What an ingester knows when it decides about one cluster. Times in ms. */
export interface LeaseSituation {
  /** Undefined: nobody holds it. */
  lease: Lease | undefined;
  /** By the clock of the lease. */
  now: number;
  id: string;
  /** Of the lease that this ingester believes to hold. */
  token: number | undefined;
  /** The live ingesters in the order of their claim to this cluster. */
  ranked: readonly string[];
  /** Whether it has a connection to the cluster, and whether faults arrive by it. */
  watching: boolean;
  active: boolean;
  /** For how long it has seen that nobody alive holds the cluster. */
  unheldFor: number;
  /** For how long it has been in touch with Redis. */
  inTouchFor: number;
  /** Whether it was in touch before, so that others may have been, too. */
  afterOutage: boolean;
  leaseLength: number;
}

/**
 * - `hold`: watch it, it is ours.
 * - `take`: take the lease, and watch it.
 * - `join`: watch it without the lease, until faults arrive; then take it, and the former owner goes.
 * - `leave`: do not watch it.
 */
export type LeaseDecision = 'hold' | 'take' | 'join' | 'leave';

/**
 * What to do about one cluster. Two rules keep every cluster watched: what somebody alive holds is only taken by one who
 * already receives its faults, and what nobody holds is taken by the first in rank at once, by the others after one lease
 * length for each who should have.
 */
export function decideLease(situation: LeaseSituation): LeaseDecision {
  const { lease, now, id, token, ranked, watching, active, unheldFor, inTouchFor, afterOutage, leaseLength } =
    situation;
  // Ours with another token: taken by a call whose answer was lost.
  if (lease?.owner === id) return lease.token === token ? 'hold' : 'take';
  const rank = ranked.indexOf(id);
  if (lease && lease.expires_at > now) {
    // Taken from us while we were silent: our connection may be as stale as we were, so that a new one has to show itself.
    if (rank !== 0 || token !== undefined) return 'leave';
    return active ? 'take' : 'join';
  }
  // After an outage of Redis every lease has expired, or is lost; its owner still listens and may not have had its turn.
  const maybeAlive = (lease !== undefined || afterOutage) && inTouchFor < leaseLength;
  if (maybeAlive) {
    if (rank !== 0 && !watching) return 'leave';
    return rank === 0 && active ? 'take' : 'join';
  }
  if (rank !== -1 && unheldFor >= rank * leaseLength) return 'take';
  return watching ? 'join' : 'leave';
}
