import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

export interface ClusterSlotsOptions {
  /** Most incidents of one cluster at once; 0: no bound. */
  max_agents_per_cluster: number;
  /** How long a slot is held without being taken again, ms. */
  lease: number;
}

const Promoted = z.array(z.string());

/**
 * Bounds how many incidents of one cluster are investigated at once, over all workers. A slot is a lease of Redis's
 * clock; an incident without a slot is parked among the delayed jobs, and comes back when one becomes free.
 */
export class ClusterSlots {
  #options: ClusterSlotsOptions;
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #script: LuaScript;

  constructor(context: StateContext, options: ClusterSlotsOptions) {
    this.#options = options;
    this.#redis = context.redis;
    this.#keys = context.keys;
    this.#script = defineScript(context, 'queue/cluster-slots');
  }

  /** Changes the bound, and promotes what a higher one allows. What runs beyond a lower one is not ended. */
  async configure(max_agents_per_cluster: number): Promise<void> {
    const before = this.#options.max_agents_per_cluster;
    this.#options = { ...this.#options, max_agents_per_cluster };
    if (before !== max_agents_per_cluster) await this.refill();
  }

  /**
   * Takes a slot for an incident whose job this worker holds under the token. Without a free one the job is delayed,
   * in the same step, until there is one. An incident keeps the slot that it has, whichever worker took it.
   */
  async take(cluster: string, incidentId: string, token: string): Promise<'taken' | 'parked' | 'not ours'> {
    const answer = z.number().parse(await this.#run('take', cluster, incidentId, token));
    if (answer === 1) return 'taken';
    return answer === 0 ? 'parked' : 'not ours';
  }

  /** Renews the lease of a slot. Returns false when another incident has it by now, or another worker the incident. */
  async renew(cluster: string, incidentId: string, token: string): Promise<boolean> {
    return (await this.#run('renew', cluster, incidentId, token)) === 1;
  }

  /**
   * Gives a slot back, and promotes the next parked incident. Gives the ids of what was promoted. A worker whose incident
   * another one has taken over has nothing to give.
   */
  async give(cluster: string, incidentId: string, token: string): Promise<string[]> {
    return Promoted.parse(await this.#run('give', cluster, incidentId, token));
  }

  /** Promotes what the slots allow in every cluster: of dead workers, whose leases have ended, nobody gave them back. */
  async refill(): Promise<string[]> {
    const clusters = await this.#redis.smembers(this.#keys.parkedClusters);
    const promoted = await Promise.all(clusters.map(async (cluster) => this.#run('refill', cluster)));
    return promoted.flatMap((ids) => Promoted.parse(ids));
  }

  async #run(
    operation: 'take' | 'renew' | 'give' | 'refill',
    cluster: string,
    incidentId = '',
    token = '',
  ): Promise<unknown> {
    const { max_agents_per_cluster, lease } = this.#options;
    const most = String(max_agents_per_cluster);
    return this.#script([], [operation, cluster, most, incidentId, String(lease), token]);
  }
}
