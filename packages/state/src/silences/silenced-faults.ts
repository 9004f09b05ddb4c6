import { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Silenced problems of one cluster whose fault is kept; of others, only the count. */
const MOST_PER_CLUSTER = 2_000;

const Kept = z.object({
  /** The id under which it is admitted later. */
  incident_id: z.string(),
  event: ClusterEvent,
});

/** A fault that was silenced, under the name of its problem. */
export interface SilencedFault extends z.infer<typeof Kept> {
  name: string;
}

/**
 * The latest fault of each problem that is silenced, so that it can be investigated if it is still firing when nothing silences it
 * any more. Detectors report a fault once.
 */
export class SilencedFaults {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Keeps a fault in place of an earlier one of the same problem. */
  async keep(event: ClusterEvent, incident_id: string): Promise<void> {
    const { cluster_name: cluster } = event;
    const key = this.#keys.silencedFaults(cluster);
    const name = nameOf(event);
    const [known, count] = await Promise.all([
      ifReadable(this.#redis.hexists(key, name), 0),
      ifReadable(this.#redis.hlen(key), 0),
    ]);
    if (known === 0 && count >= MOST_PER_CLUSTER) return;
    const kept: z.infer<typeof Kept> = { incident_id, event };
    await this.#redis.hset(key, name, JSON.stringify(kept));
    await this.#redis.sadd(this.#keys.silencedClusters, cluster);
  }

  /** Returns the clusters with silenced problems. */
  async clusters(): Promise<string[]> {
    return ifReadable(this.#redis.smembers(this.#keys.silencedClusters), []);
  }

  async list(cluster: string): Promise<SilencedFault[]> {
    const rows = Object.entries(await ifReadable(this.#redis.hgetall(this.#keys.silencedFaults(cluster)), {}));
    if (rows.length === 0) await ifReadable(this.#redis.srem(this.#keys.silencedClusters, cluster), 0);
    return rows.flatMap(([name, row]) => {
      const kept = storedJson(Kept, row);
      return kept ? [{ name, ...kept }] : [];
    });
  }

  async forget(cluster: string, name: string): Promise<void> {
    await this.#redis.hdel(this.#keys.silencedFaults(cluster), name);
  }
}

function nameOf({ problem, event }: ClusterEvent): string {
  return problem ?? `fault:${event.faultId}`;
}
