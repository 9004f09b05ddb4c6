import { StoredAlert } from '@nightcrier/core/alerts/stored-alert';
import { Severity } from '@nightcrier/core/faults/severity';
import type { Problem, RememberedSymptom } from '@nightcrier/core/problems/problem';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { isWrongType } from '../damage/if-readable.ts';
import { FIRING_MS } from '../problems/problems.ts';
import { parseProblemRow } from '../problems/problem-row.ts';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** An alert to remember, with the symptom that it is part of. */
export interface AlertRecord {
  fingerprint: string;
  alert: StoredAlert;
  symptom: RememberedSymptom;
}

/** An alert that a symptom consists of. */
export interface SymptomAlert {
  /** See `symptomName`. */
  symptom: string;
  fingerprint: string;
  fault_type: string;
  severity: Severity;
}

/** A problem, as far as the receivers of alerts need it. */
export type AlertedProblem = Pick<Problem, 'key' | 'state' | 'symptoms'> & { alerts: SymptomAlert[] };

/** How long a resolved alert is remembered, ms: a later one of the same kind is compared with it, and investigations show it. */
export const RESOLVED_KEPT_MS = 3_600_000;

/** Alerts that are written in one call; a call blocks Redis. */
const BATCH = 100;

const ALERT = 'alert:';
const Listed = z.object({ fault_type: z.string(), severity: Severity });
const Row = z.record(z.string(), z.string());

/**
 * The alerts that were received, by cluster: at most 1,000 of each, until an hour after they were resolved. With them the
 * symptoms of problems that consist of alerts. All methods reject while Redis is unreachable.
 */
export class AlertStore {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #now: () => number;
  readonly #record: LuaScript;
  readonly #sweep: LuaScript;

  constructor(context: StateContext) {
    const { redis, keys, now } = context;
    this.#redis = redis;
    this.#keys = keys;
    this.#now = now;
    this.#record = defineScript(context, 'alerts/record-alerts');
    this.#sweep = defineScript(context, 'alerts/sweep-alerts');
  }

  /** Returns what is remembered of alerts, in the order of their fingerprints; undefined for an unknown one. */
  async read(cluster: string, fingerprints: readonly string[]): Promise<(StoredAlert | undefined)[]> {
    if (fingerprints.length === 0) return [];
    const found = await this.#redis.hmget(this.#keys.alerts(cluster), ...fingerprints);
    return found.map((text) => (text === null ? undefined : parseStored(text)));
  }

  /** Returns all alerts of a cluster that are remembered. */
  async list(cluster: string): Promise<StoredAlert[]> {
    const found = await this.#redis.hvals(this.#keys.alerts(cluster));
    return found.flatMap((text) => parseStored(text) ?? []);
  }

  /** Returns the names of the clusters of which alerts are remembered. */
  async clusters(): Promise<string[]> {
    return this.#redis.smembers(this.#keys.alertedClusters);
  }

  /** Returns those of the problems that exist. */
  async problems(cluster: string, problemKeys: readonly string[]): Promise<AlertedProblem[]> {
    const pipeline = this.#redis.pipeline();
    for (const key of problemKeys) pipeline.hgetall(this.#keys.problem(cluster, key));
    const rows = (await pipeline.exec()) ?? [];
    return rows.flatMap(([error, row], index) => {
      if (error && !isWrongType(error)) throw error;
      const fields = error ? {} : Row.parse(row);
      const problem = parseProblemRow(cluster, problemKeys[index] ?? '', fields);
      return problem ? { ...problem, alerts: alertsOf(fields) } : [];
    });
  }

  /** Records alerts of one cluster; one that is older than what is recorded changes nothing. */
  async record(cluster: string, records: readonly AlertRecord[]): Promise<void> {
    const now = this.#now();
    for (let from = 0; from < records.length; from += BATCH) {
      const args = records
        .slice(from, from + BATCH)
        .flatMap(({ fingerprint, alert, symptom }) => [
          fingerprint,
          JSON.stringify(alert),
          alert.symptom,
          JSON.stringify(symptom),
        ]);
      await this.#record(this.#keysOf(cluster), [cluster, String(now), String(now + FIRING_MS), ...args]);
    }
  }

  /**
   * Resolves alerts that were not sent again in time, and forgets old ones. Any ingester may do it.
   * @returns the alerts that were resolved
   */
  async sweep(cluster: string): Promise<StoredAlert[]> {
    const now = this.#now();
    const times = [now, now + FIRING_MS, now + RESOLVED_KEPT_MS].map(String);
    const reply = await this.#sweep(this.#keysOf(cluster), [cluster, ...times]);
    return z
      .array(z.string())
      .parse(reply)
      .flatMap((text) => parseStored(text) ?? []);
  }

  #keysOf(cluster: string): string[] {
    return [this.#keys.alerts(cluster), this.#keys.alertEnds(cluster)];
  }
}

function alertsOf(fields: Record<string, string>): SymptomAlert[] {
  return Object.entries(fields).flatMap(([field, text]): SymptomAlert[] => {
    const at = field.lastIndexOf('|');
    const listed = field.startsWith(ALERT) ? jsonOf(Listed, text) : undefined;
    if (!listed || at < 0) return [];
    return [{ symptom: field.slice(ALERT.length, at), fingerprint: field.slice(at + 1), ...listed }];
  });
}

/** Undefined for what no process of this version can read. */
function parseStored(text: string): StoredAlert | undefined {
  return jsonOf(StoredAlert, text);
}

function jsonOf<T extends z.ZodType>(schema: T, text: string): z.infer<T> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
