import { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { Redis } from 'ioredis';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Silenced problems of one cluster whose fault is kept; of others, only the count. */
const MOST_PER_CLUSTER = 2_000;

/** A fault that was silenced, under the name of its problem. */
export interface SilencedFault {
  name: string;
  event: ClusterEvent;
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

  async keep(event: ClusterEvent): Promise<void> {
    const key = this.#keys.silencedFaults(event.cluster_name);
    const name = nameOf(event);
    const [known, count] = await Promise.all([this.#redis.hexists(key, name), this.#redis.hlen(key)]);
    if (known === 0 && count >= MOST_PER_CLUSTER) return;
    await this.#redis.hset(key, name, JSON.stringify(event));
  }

  async list(cluster: string): Promise<SilencedFault[]> {
    const rows = await ifReadable(this.#redis.hgetall(this.#keys.silencedFaults(cluster)), {});
    return Object.entries(rows).flatMap(([name, row]) => {
      const event = parseEvent(row);
      return event ? [{ name, event }] : [];
    });
  }

  /** Returns whether it was still there: of several callers, one gets it. */
  async take(cluster: string, name: string): Promise<boolean> {
    return (await this.#redis.hdel(this.#keys.silencedFaults(cluster), name)) === 1;
  }
}

function nameOf({ problem, event }: ClusterEvent): string {
  return problem ?? `fault:${event.faultId}`;
}

function parseEvent(row: string): ClusterEvent | undefined {
  try {
    return ClusterEvent.safeParse(JSON.parse(row)).data;
  } catch {
    return undefined;
  }
}
