/** An ingester whose event loop is blocked for longer sees nothing any more: the others are to take its clusters over, ms. */
export const LONGEST_BLOCK_MS = 60_000;

export interface BlockedLoop {
  /** For how long the main thread has shown no sign of life, ms. */
  blockedFor: number;
  /** Since the last renewal by the thread, ms. */
  sinceRenewal: number;
  /** Of a lease, ms. */
  length: number;
}

/** Returns whether the thread renews the leases. The main thread renews them every third of a lease. */
export function isRenewalDue({ blockedFor, sinceRenewal, length }: BlockedLoop): boolean {
  return blockedFor >= length / 4 && blockedFor < LONGEST_BLOCK_MS && sinceRenewal >= length / 3;
}
