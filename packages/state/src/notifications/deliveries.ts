import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** As long as incidents' rows are kept. */
const KEPT_SECONDS = 30 * 86_400;
/** Deliveries that are kept of one problem. */
const MOST = 100;

/** A notification of a problem that a target has accepted, or that it was given up for. */
const Delivery = z.object({
  /** Milliseconds since the epoch. */
  at: z.number(),
  /** Id of the target. */
  target: z.string(),
  /** An event of `ProblemEvent`; text, since a later version may know others. */
  event: z.string(),
  /** Whether it is a repetition after `repeat_interval`. */
  repeat: z.boolean().optional(),
  outcome: z.enum(['delivered', 'failed']),
  /** Why it failed. */
  error: z.string().optional(),
});
export type Delivery = z.infer<typeof Delivery>;

/** The outcomes of the notifications of each problem, the latest of them. Workers write them; a page shows them. */
export class Deliveries {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** @param problem `<cluster>/<key>` */
  async record(problem: string, delivery: Delivery): Promise<void> {
    const key = this.#keys.deliveries(problem);
    await this.#redis
      .multi()
      .lpush(key, JSON.stringify(delivery))
      .ltrim(key, 0, MOST - 1)
      .pexpire(key, KEPT_SECONDS * 1000)
      .exec();
  }

  /** Returns the deliveries of a problem, the latest first. */
  async read(problem: string): Promise<Delivery[]> {
    const rows = await ifReadable(this.#redis.lrange(this.#keys.deliveries(problem), 0, -1), []);
    return rows.flatMap((row) => storedJson(Delivery, row) ?? []);
  }
}
