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
    if (await this.#takeFree(key, owner, length)) return true;
    const holder = await ifReadable<string | null | undefined>(this.#redis.get(key), undefined);
    if (holder === undefined) {
      // A value of another type would not expire.
      await this.#redis.del(key);
      return this.#takeFree(key, owner, length);
    }
    if (holder !== owner) return false;
    return (await this.#redis.pexpire(key, length)) === 1;
  }

  async #takeFree(key: string, owner: string, length: number): Promise<boolean> {
    return (await this.#redis.set(key, owner, 'PX', length, 'NX')) === 'OK';
  }

  /** Gives the lease to another process. */
  async release(target: string, owner: string): Promise<void> {
    const key = this.#keys.socketLease(target);
    if ((await ifReadable(this.#redis.get(key), null)) === owner) await this.#redis.del(key);
  }
}
