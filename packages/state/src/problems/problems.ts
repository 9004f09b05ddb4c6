import type { Problem, RememberedSymptom } from '@nightcrier/core/problems/problem';
import { symptomName } from '@nightcrier/core/problems/problem-key';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { ClusterLeases } from '../leases/cluster-leases.ts';
import { ifReadable, isWrongType } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';
import { parseProblemRow } from './problem-row.ts';

/** What the detector found of one problem. Without symptoms: it is firing as before. */
export interface ProblemChange {
  cluster: string;
  /** Of the lease on the cluster. */
  token: number;
  problem: string;
  symptoms: RememberedSymptom[];
}

/**
 * How long a problem counts as firing after the detector has said so, ms. Longer than any interval at which it says so, so
 * that a cluster whose detector has stopped does not keep new faults from being investigated.
 */
export const FIRING_MS = 45 * 60_000;

/** Problems that are written in one call; a call blocks Redis. */
const BATCH = 200;

const Written = z.array(z.number());

/**
 * The problems of all clusters, and with them the memory of the detectors: what is firing was reported, and is reported anew by
 * no process and no source. Admission notes each problem's incidents in the same rows. All methods reject while Redis is
 * unreachable.
 */
export class Problems {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #now: () => number;
  readonly #write: LuaScript;

  constructor(context: StateContext) {
    const { redis, keys, now } = context;
    this.#redis = redis;
    this.#keys = keys;
    this.#now = now;
    this.#write = defineScript(context, 'problems/write-problems');
  }

  /** Returns all problems of a cluster that are kept, the latest change last. */
  async list(cluster: string): Promise<Problem[]> {
    const keys = await ifReadable(this.#redis.zrange(this.#keys.problems(cluster), '0', '-1'), []);
    const pipeline = this.#redis.pipeline();
    for (const key of keys) pipeline.hgetall(this.#keys.problem(cluster, key));
    const rows = (await pipeline.exec()) ?? [];
    const Row = z.record(z.string(), z.string());
    return rows.flatMap(([error, row], index) => {
      if (isWrongType(error)) return [];
      if (error) throw error;
      return parseProblemRow(cluster, keys[index] ?? '', Row.parse(row)) ?? [];
    });
  }

  /**
   * Writes changes, unless another ingester has taken the cluster over.
   * @returns for each change whether it was written
   */
  async write(leases: ClusterLeases, changes: readonly ProblemChange[]): Promise<boolean[]> {
    const written: boolean[] = [];
    for (let from = 0; from < changes.length; from += BATCH) {
      const now = this.#now();
      const batch = changes.slice(from, from + BATCH).flatMap(({ cluster, token, problem, symptoms }) => {
        const found = symptoms.map((symptom) => ({ name: symptomName(symptom), json: JSON.stringify(symptom) }));
        return [cluster, String(token), JSON.stringify({ problem, symptoms: found })];
      });
      const reply = await this.#write([this.#keys.leases], [leases.id, String(now), String(now + FIRING_MS), ...batch]);
      written.push(...Written.parse(reply).map((one) => one === 1));
    }
    return written;
  }
}
