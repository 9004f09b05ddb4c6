import { type Door, DoorEntry, DoorSummary } from '@nightcrier/core/gateway/door-entry';
import type { Redis } from 'ioredis';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Most entries that are kept of one run: those that were denied, and the first others. All of them are counted. */
const KEPT_ENTRIES = 10_000;
/** Answers of the API server that are kept of one run, the latest. The gateway bounds each. */
const KEPT_ANSWERS = 24;
/** The worker writes them into the workspace when the run has ended, or the next worker does. */
const KEPT_SECONDS = 24 * 3600;

/** Which run made the requests. */
export interface RunOfAgent {
  incident_id: string;
  attempt: number;
}

const TEXTS = new Set(['provider_failure', 'budget_exhausted']);

/** The requests of agents through the gateways, until a worker writes them into the workspace. */
export class DoorRecords {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Records one request of a run. */
  async add({ incident_id, attempt }: RunOfAgent, entry: DoorEntry): Promise<void> {
    const entries = this.#keys.doorEntries(incident_id, attempt);
    const counts = this.#keys.doorCounts(incident_id, attempt);
    const text = JSON.stringify(entry);
    const pipeline = this.#redis.pipeline();
    // An agent cannot drop what was denied from the record by many requests that are allowed.
    if (entry.decision === 'denied') pipeline.lpush(entries, text);
    else pipeline.rpush(entries, text);
    pipeline
      .ltrim(entries, 0, KEPT_ENTRIES - 1)
      .pexpire(entries, KEPT_SECONDS * 1000)
      .hincrby(counts, countOf(entry.door, 'requests'), 1)
      .pexpire(counts, KEPT_SECONDS * 1000);
    if (entry.decision === 'denied') pipeline.hincrby(counts, countOf(entry.door, 'denied'), 1);
    if (entry.input_tokens !== undefined) pipeline.hincrby(counts, 'input_tokens', entry.input_tokens);
    if (entry.output_tokens !== undefined) pipeline.hincrby(counts, 'output_tokens', entry.output_tokens);
    if (entry.cost_usd !== undefined) pipeline.hincrbyfloat(counts, 'cost_usd', entry.cost_usd);
    const failure = (await pipeline.exec())?.find(([error]) => error !== null)?.[0];
    if (failure) throw failure;
  }

  /** Records what a run has read of its cluster. */
  async addAnswer({ incident_id, attempt }: RunOfAgent, text: string): Promise<void> {
    const key = this.#keys.doorAnswers(incident_id, attempt);
    const pipeline = this.#redis
      .pipeline()
      .rpush(key, text)
      .ltrim(key, -KEPT_ANSWERS, -1)
      .pexpire(key, KEPT_SECONDS * 1000);
    const failure = (await pipeline.exec())?.find(([error]) => error !== null)?.[0];
    if (failure) throw failure;
  }

  /** Returns the latest answers of the API server that a run has read. */
  async answers({ incident_id, attempt }: RunOfAgent): Promise<string[]> {
    return ifReadable(this.#redis.lrange(this.#keys.doorAnswers(incident_id, attempt), 0, -1), []);
  }

  /** Records that the provider of the model failed a run, or, without a reason, that it answers. */
  async noteProvider({ incident_id, attempt }: RunOfAgent, failure: string | undefined): Promise<void> {
    const counts = this.#keys.doorCounts(incident_id, attempt);
    if (failure === undefined) await this.#redis.hdel(counts, 'provider_failure');
    else
      await this.#redis
        .pipeline()
        .hset(counts, 'provider_failure', failure)
        .pexpire(counts, KEPT_SECONDS * 1000)
        .exec();
  }

  /** Records that a run has used up a budget. */
  async noteExhausted({ incident_id, attempt }: RunOfAgent, budget: string): Promise<void> {
    const counts = this.#keys.doorCounts(incident_id, attempt);
    await this.#redis
      .pipeline()
      .hset(counts, 'budget_exhausted', budget)
      .pexpire(counts, KEPT_SECONDS * 1000)
      .exec();
  }

  /** Returns what a run has done so far: counts of everything, and its last entries. */
  async read({ incident_id, attempt }: RunOfAgent): Promise<{ summary: DoorSummary; entries: DoorEntry[] }> {
    const [counts, entries] = await Promise.all([
      ifReadable(this.#redis.hgetall(this.#keys.doorCounts(incident_id, attempt)), {}),
      ifReadable(this.#redis.lrange(this.#keys.doorEntries(incident_id, attempt), 0, -1), []),
    ]);
    const read = entries.flatMap((entry) => storedJson(DoorEntry, entry) ?? []);
    return { summary: summaryOf(counts), entries: read.toSorted((one, other) => one.time.localeCompare(other.time)) };
  }
}

/** Reads a row of Redis, in which every field is a string. Damaged fields count as missing. */
function summaryOf(row: Record<string, string>): DoorSummary {
  const values = Object.entries(row).map(([name, value]) => [name, TEXTS.has(name) ? value : Number(value)] as const);
  return DoorSummary.parse(
    Object.fromEntries(values.filter(([name, value]) => DoorSummary.safeParse({ [name]: value }).success)),
  );
}

function countOf(door: Door, what: 'requests' | 'denied'): string {
  return `${door}_${what}`;
}
