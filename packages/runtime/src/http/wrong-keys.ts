import { isIPv6 } from 'node:net';

/** Wrong keys that an address may send at once, and the time after which it may send one more. */
const BURST = 20;
const REFILL_MS = 3_000;
/** Addresses that are remembered. */
const MOST_ADDRESSES = 10_000;

interface Bucket {
  /** When the address has its whole burst again, ms. */
  fullAt: number;
}

/**
 * Limits the wrong access keys of each address (a token bucket). A right key is accepted nevertheless: behind a proxy all clients have
 * one address, and one of them must not lock the others out. Memory is bounded; the address that sent nothing for the longest time is
 * forgotten first.
 */
export class WrongKeys {
  readonly #buckets = new Map<string, Bucket>();

  /**
   * Counts a wrong key.
   * @returns seconds until the address may send another one, 0: now
   */
  record(address: string, now: number): number {
    const source = sourceOf(address);
    const fullAt = Math.max(this.#buckets.get(source)?.fullAt ?? 0, now) + REFILL_MS;
    const wait = fullAt - now - BURST * REFILL_MS;
    this.#buckets.delete(source);
    this.#buckets.set(source, { fullAt: wait > 0 ? fullAt - REFILL_MS : fullAt });
    if (this.#buckets.size > MOST_ADDRESSES) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    return wait > 0 ? Math.ceil(wait / 1_000) : 0;
  }

  /** Takes back an attempt that was counted before it was known to be right. */
  takeBack(address: string): void {
    const bucket = this.#buckets.get(sourceOf(address));
    if (bucket) bucket.fullAt -= REFILL_MS;
  }

  /** Number of addresses that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }
}

/** One host has a whole /64 of IPv6. An IPv4 address can be written as IPv6. */
function sourceOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = ''] = (plain.split('%', 1)[0] ?? '').split('::', 2);
  const groups = head.split(':').filter((group) => group !== '');
  const missing = plain.includes('::') ? 8 - groups.length - tail.split(':').filter((group) => group !== '').length : 0;
  return [...groups, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...tail.split(':')]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
