import type { Acknowledgement, Problem, RememberedSymptom, SilencedBy } from '@nightcrier/core/problems/problem';
import { Severity } from '@nightcrier/core/faults/severity';
import { symptomName } from '@nightcrier/core/problems/problem-key';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { ClusterLeases } from '../leases/cluster-leases.ts';
import { ifReadable, isWrongType } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';
import { type ProblemFilter, type ProblemPage, readPositions } from './problem-page.ts';
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

/** A flapping problem that has not recovered for this long fires steadily, ms. */
const FLAPPING_MS = 3_600_000;

/** Problems that are written in one call; a call blocks Redis. */
const BATCH = 200;

const Written = z.array(z.number());
const Swept = z.tuple([z.number(), z.number()]);
const Row = z.record(z.string(), z.string());

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
  readonly #annotate: LuaScript;
  readonly #sweep: LuaScript;
  readonly #index: LuaScript;

  constructor(context: StateContext) {
    const { redis, keys, now } = context;
    this.#redis = redis;
    this.#keys = keys;
    this.#now = now;
    this.#write = defineScript(context, 'problems/write-problems');
    this.#annotate = defineScript(context, 'problems/annotate-problem');
    this.#sweep = defineScript(context, 'problems/sweep-problems');
    this.#index = defineScript(context, 'problems/index-problems');
  }

  async get(cluster: string, key: string): Promise<Problem | undefined> {
    return parseProblemRow(cluster, key, await ifReadable(this.#redis.hgetall(this.#keys.problem(cluster, key)), {}));
  }

  /**
   * Returns a page of the list of problems.
   * @throws RangeError for a cursor that no page of this list has returned
   */
  async page(filter: ProblemFilter): Promise<ProblemPage> {
    const { members, next } = await readPositions(this.#redis, this.#keys, filter);
    return { problems: await this.#read(members.map(nameOf)), ...(next !== undefined && { next }) };
  }

  /** Returns the number of problems in a state, of one cluster or of all. */
  async count(state: Problem['state'], cluster?: string): Promise<number> {
    return ifReadable(this.#redis.zcard(this.#keys.problemsIn(state, cluster)), 0);
  }

  /** Returns the clusters that have problems in a state. */
  async clustersWith(state: Problem['state']): Promise<Set<string>> {
    const members = await ifReadable(this.#redis.zrange(this.#keys.problemsIn(state), '0', '-1'), []);
    return new Set(members.map((member) => member.slice(0, member.indexOf('|'))));
  }

  /** Returns how many problems are firing, by cluster and severity. */
  async countFiring(): Promise<{ cluster: string; severity: Severity; count: number }[]> {
    const members = await ifReadable(this.#redis.zrange(this.#keys.problemsIn('firing'), '0', '-1'), []);
    const counts = new Map<string, { cluster: string; severity: Severity; count: number }>();
    for (let from = 0; from < members.length; from += BATCH) {
      const batch = members.slice(from, from + BATCH).map(nameOf);
      const pipeline = this.#redis.pipeline();
      for (const [cluster, key] of batch) pipeline.hget(this.#keys.problem(cluster, key), 'severity');
      const replies = (await pipeline.exec()) ?? [];
      for (const [index, [cluster]] of batch.entries()) {
        const severity = Severity.catch('warning').parse(replies[index]?.[1]);
        const counted = counts.get(`${severity}|${cluster}`) ?? { cluster, severity, count: 0 };
        counts.set(`${severity}|${cluster}`, { ...counted, count: counted.count + 1 });
      }
    }
    return [...counts.values()];
  }

  /** Notes who has taken a problem over. @returns whether there is such a problem that is not closed */
  async acknowledge(cluster: string, key: string, acknowledgement: Acknowledgement): Promise<boolean> {
    return this.#note(cluster, key, 'acknowledged', JSON.stringify(acknowledgement));
  }

  async unacknowledge(cluster: string, key: string): Promise<boolean> {
    return this.#note(cluster, key, 'acknowledged', '');
  }

  /**
   * Notes what silences a problem, also one that is about to begin; or, without it, that nothing does: then a problem that is firing
   * is notified.
   * @returns whether that is noted
   */
  async markSilenced(cluster: string, key: string, silenced: SilencedBy | undefined): Promise<boolean> {
    return this.#note(cluster, key, 'silenced', silenceText(silenced));
  }

  /**
   * Closes problems that have been recovered for `reopenWindow` ms, and ends the flapping of steady ones. Any process may do it at any
   * time.
   * @returns how many were closed
   */
  async sweep(reopenWindow: number): Promise<number> {
    const now = this.#now();
    const times = [now, now - reopenWindow, now - FLAPPING_MS, BATCH].map(String);
    let closed = 0;
    for (;;) {
      const [some, steady] = Swept.parse(await this.#sweep([], times));
      closed += some;
      if (some < BATCH && steady < BATCH) return closed;
    }
  }

  /** Lists all problems by their state, which versions before 0.2 did not; once a day, whichever process calls first. */
  async indexFormer(): Promise<void> {
    if ((await this.#redis.set(this.#keys.problemsIndexed, '1', 'EX', 86_400, 'NX')) === null) return;
    const { lastContacts, health, alertedClusters } = this.#keys;
    const names = await Promise.all([
      ifReadable(this.#redis.hgetall(lastContacts), {}).then((contacts) => Object.keys(contacts)),
      ifReadable(this.#redis.hgetall(health), {}).then((reports) => Object.keys(reports)),
      ifReadable(this.#redis.smembers(alertedClusters), []),
    ]);
    for (const cluster of new Set(names.flat())) await this.#indexCluster(cluster);
  }

  async #indexCluster(cluster: string): Promise<void> {
    const keys = await ifReadable(this.#redis.zrange(this.#keys.problems(cluster), '0', '-1'), []);
    for (let from = 0; from < keys.length; from += BATCH) {
      await this.#index([], [cluster, ...keys.slice(from, from + BATCH)]);
    }
  }

  /** Returns all problems of a cluster that are kept, the latest change last. */
  async list(cluster: string): Promise<Problem[]> {
    const keys = await ifReadable(this.#redis.zrange(this.#keys.problems(cluster), '0', '-1'), []);
    return this.#read(keys.map((key) => [cluster, key]));
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

  async #read(names: readonly [cluster: string, key: string][]): Promise<Problem[]> {
    // A pipeline has each script as a method of its own: an empty one costs more than all else about a cluster without problems.
    if (names.length === 0) return [];
    const pipeline = this.#redis.pipeline();
    for (const [cluster, key] of names) pipeline.hgetall(this.#keys.problem(cluster, key));
    const rows = (await pipeline.exec()) ?? [];
    return rows.flatMap(([error, row], index) => {
      if (isWrongType(error)) return [];
      if (error) throw error;
      const [cluster = '', key = ''] = names[index] ?? [];
      return parseProblemRow(cluster, key, Row.parse(row)) ?? [];
    });
  }

  async #note(cluster: string, key: string, field: string, content: string): Promise<boolean> {
    return (await this.#annotate([], [cluster, key, field, content, String(this.#now())])) === 1;
  }
}

/** Returns what scripts take as the silence of a problem: the end in ms, too; '' for none. */
export function silenceText(silenced: SilencedBy | undefined): string {
  if (!silenced) return '';
  return JSON.stringify({ ...silenced, ...(silenced.until !== undefined && { until_ms: Date.parse(silenced.until) }) });
}

/** Cluster and key of a problem as indexes name it. */
function nameOf(member: string): [cluster: string, key: string] {
  const at = member.indexOf('|');
  return [member.slice(0, at), member.slice(at + 1)];
}
