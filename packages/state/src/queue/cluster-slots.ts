import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

export interface ClusterSlotsOptions {
  /** Maximum of incidents of one cluster that run at once; 0: no bound. */
  max_agents_per_cluster: number;
  /** Time after which a slot that is not renewed is free, ms. */
  lease: number;
}

const Promoted = z.array(z.string());

/**
 * Bounds how many incidents of one cluster are investigated at once, over all workers. A slot is a lease by Redis's
 * clock. An incident without a slot is parked among the delayed jobs and promoted when one becomes free.
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

  /** Changes the bound and promotes what a higher one allows. Incidents that run beyond a lower one are not stopped. */
  async configure(max_agents_per_cluster: number): Promise<void> {
    const before = this.#options.max_agents_per_cluster;
    this.#options = { ...this.#options, max_agents_per_cluster };
    if (before !== max_agents_per_cluster) await this.refill();
  }

  /**
   * Takes a slot for an incident whose job this worker holds with the token. If none is free, the job is delayed in the
   * same step. An incident keeps the slot that it has, even if another worker took it.
   * @returns `not ours` when another worker holds the job
   */
  async take(cluster: string, incidentId: string, token: string): Promise<'taken' | 'parked' | 'not ours'> {
    const answer = z.number().parse(await this.#run('take', cluster, incidentId, token));
    if (answer === 1) return 'taken';
    return answer === 0 ? 'parked' : 'not ours';
  }

  /** Renews the lease of a slot. Returns false when the slot has been lost, or another worker holds the incident. */
  async renew(cluster: string, incidentId: string, token: string): Promise<boolean> {
    return (await this.#run('renew', cluster, incidentId, token)) === 1;
  }

  /**
   * Frees a slot and promotes the next parked incident. Does nothing when another worker has taken the incident over.
   * @returns the ids of the promoted incidents
   */
  async give(cluster: string, incidentId: string, token: string): Promise<string[]> {
    return Promoted.parse(await this.#run('give', cluster, incidentId, token));
  }

  /** Promotes what the slots allow in every cluster, because the slots of dead workers expire without a release. Returns the ids. */
  async refill(): Promise<string[]> {
    const clusters = await ifReadable(this.#redis.smembers(this.#keys.parkedClusters), []);
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
