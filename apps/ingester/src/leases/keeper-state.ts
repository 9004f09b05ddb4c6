/** State of an ingester's leases. Times in ms, by the clock of the process. */
export type KeeperState =
  | { readonly kind: 'idle' }
  /** Redis has not answered yet. */
  | { readonly kind: 'starting'; readonly since: number }
  /** Leases are renewed. `afterOutage`: they were renewed before, too, and then were not for a while. */
  | { readonly kind: 'connected'; readonly since: number; readonly afterOutage: boolean }
  /** Renewals fail; the clusters stay watched. */
  | { readonly kind: 'disconnected' }
  /** The other ingesters take the clusters over. */
  | { readonly kind: 'leaving' }
  /** They have, or there are none, or Redis is unreachable. What is still held is renewed until the stop. */
  | { readonly kind: 'left' }
  | { readonly kind: 'stopped' };

const NEXT = {
  idle: ['starting', 'stopped'],
  starting: ['connected', 'leaving', 'stopped'],
  connected: ['disconnected', 'leaving', 'stopped'],
  disconnected: ['connected', 'leaving', 'stopped'],
  leaving: ['left', 'stopped'],
  left: ['stopped'],
  stopped: [],
} as const satisfies Record<KeeperState['kind'], readonly KeeperState['kind'][]>;

/**
 * Returns the next state.
 * @throws Error when no such transition exists
 */
export function nextKeeperState(from: KeeperState, to: KeeperState): KeeperState {
  const allowed: readonly KeeperState['kind'][] = NEXT[from.kind];
  if (!allowed.includes(to.kind)) throw new Error(`the leases cannot go from ${from.kind} to ${to.kind}`);
  return to;
}

/** Returns the state after a renewal that succeeded. */
export function afterRenewal(state: KeeperState, now: number): KeeperState {
  if (state.kind === 'starting') return { kind: 'connected', since: now, afterOutage: false };
  if (state.kind === 'disconnected') return { kind: 'connected', since: now, afterOutage: true };
  return state;
}

/** Returns the state after a renewal that failed. */
export function afterFailure(state: KeeperState): KeeperState {
  if (state.kind === 'connected') return { kind: 'disconnected' };
  if (state.kind === 'leaving') return { kind: 'left' };
  return state;
}
