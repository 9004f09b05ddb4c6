import type { Redis } from 'ioredis';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The alerts that an Alertmanager holds for us: it forgets one that is not posted again. As JSON, by problem. */
export class PostedAlerts {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Returns the JSON of the alerts of a target by problem. */
  async read(target: string): Promise<Map<string, string>> {
    return new Map(Object.entries(await ifReadable(this.#redis.hgetall(this.#keys.postedAlerts(target)), {})));
  }

  async get(target: string, problem: string): Promise<string | undefined> {
    return (await ifReadable(this.#redis.hget(this.#keys.postedAlerts(target), problem), null)) ?? undefined;
  }

  async set(target: string, problem: string, alert: string): Promise<void> {
    await this.#redis.hset(this.#keys.postedAlerts(target), problem, alert);
  }

  async remove(target: string, problem: string): Promise<void> {
    await this.#redis.hdel(this.#keys.postedAlerts(target), problem);
  }

  /**
   * Takes the turn to post the alerts of a target again.
   * @param interval ms until the next turn, of any worker
   * @returns whether this worker has it
   */
  async takeTurn(target: string, interval: number): Promise<boolean> {
    const key = `${this.#keys.postedAlerts(target)}:turn`;
    return (await this.#redis.set(key, '1', 'PX', interval, 'NX')) === 'OK';
  }
}
