import type { Redis } from 'ioredis';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Which process keeps the socket of a Slack app open: one, so that a click is handled once. */
export class SocketLease {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Takes the lease, or renews it, for `length` ms. @returns whether the owner has it */
  async take(target: string, owner: string, length: number): Promise<boolean> {
    const key = this.#keys.socketLease(target);
    if ((await this.#redis.set(key, owner, 'PX', length, 'NX')) === 'OK') return true;
    if ((await ifReadable(this.#redis.get(key), null)) !== owner) return false;
    return (await this.#redis.pexpire(key, length)) === 1;
  }

  /** Gives the lease to another process. */
  async release(target: string, owner: string): Promise<void> {
    const key = this.#keys.socketLease(target);
    if ((await ifReadable(this.#redis.get(key), null)) === owner) await this.#redis.del(key);
  }
}
