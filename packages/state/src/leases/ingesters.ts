import { RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import type { Redis } from 'ioredis';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The status of the live ingesters; see `ClusterLeases.beat`. */
export class IngesterBoard {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Returns the configurations that ingesters refuse, the earliest refusal first. */
  async refused(): Promise<RefusedConfiguration[]> {
    const { ingesters, refusedConfigurations } = this.#keys;
    const reports = await ifReadable(this.#redis.hgetall(refusedConfigurations), {});
    if (Object.keys(reports).length === 0) return [];
    const [seconds] = await this.#redis.time();
    const live = await ifReadable(this.#redis.zrangebyscore(ingesters, `(${Number(seconds) * 1000}`, '+inf'), []);
    return live
      .flatMap((id) => reports[id] ?? [])
      .flatMap((text) => parse(text) ?? [])
      .toSorted((a, b) => a.since.localeCompare(b.since));
  }
}

function parse(text: string): RefusedConfiguration | undefined {
  try {
    return RefusedConfiguration.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
