import { RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import type { Redis } from 'ioredis';
import { StateKeys } from '../redis/keys.ts';

/** What the live ingesters say of themselves; see `ClusterLeases.beat`. */
export class IngesterBoard {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor(options: { redis: Redis; key_prefix: string }) {
    this.#redis = options.redis;
    this.#keys = new StateKeys(options.key_prefix);
  }

  /** The changed configurations that they refuse, the one that was refused first in front. */
  async refused(): Promise<RefusedConfiguration[]> {
    const { ingesters, refusedConfigurations } = this.#keys;
    const reports = await this.#redis.hgetall(refusedConfigurations);
    if (Object.keys(reports).length === 0) return [];
    const [seconds] = await this.#redis.time();
    const live = await this.#redis.zrangebyscore(ingesters, `(${Number(seconds) * 1000}`, '+inf');
    return live
      .flatMap((id) => reports[id] ?? [])
      .map((text) => RefusedConfiguration.parse(JSON.parse(text)))
      .toSorted((a, b) => a.since.localeCompare(b.since));
  }
}
