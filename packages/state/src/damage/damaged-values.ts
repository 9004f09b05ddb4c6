import type { DamagedValue } from '@nightcrier/core/redis-health';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from './if-readable.ts';
import type { StateContext } from '../redis/state-context.ts';

const Record = z.object({
  name: z.string(),
  reason: z.string(),
  at: z.number().transform((ms) => new Date(ms).toISOString()),
  moved_to: z.string().optional(),
});

/** Damaged values that were moved aside: how many, and the latest. */
export interface DamagedValues {
  count: number;
  latest: DamagedValue[];
}

const LISTED = 20;

/**
 * Reads the values that scripts have moved aside, see `redis/tolerant-redis.lua`. They are kept for 30 days after the last one.
 * Writes nothing. Deleting the key resets the count.
 */
export class DamageRecord {
  readonly #redis: Redis;
  readonly #key: string;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#key = keys.damaged;
  }

  async read(): Promise<DamagedValues> {
    const { count = '0', ...records } = await ifReadable(this.#redis.hgetall(this.#key), {});
    const latest = Object.entries(records)
      .toSorted(([one], [other]) => Number(other) - Number(one))
      .slice(0, LISTED)
      .flatMap(([, text]) => parse(text) ?? []);
    return { count: Number(count) || 0, latest };
  }
}

function parse(text: string): DamagedValue | undefined {
  try {
    return Record.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
