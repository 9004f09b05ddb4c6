import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateContext } from '../redis/state-context.ts';

/** How the deliveries to one target of a receiver go. Times are ms since the epoch. */
const TargetHealth = z.object({
  receiver: z.string(),
  /** `slack-bot`, `pagerduty`, … */
  kind: z.string(),
  /** When the first delivery failed after the last one that succeeded; missing while deliveries succeed. */
  failing_since: z.number().optional(),
  /** Deliveries that failed since then. */
  failures: z.number().default(0),
  last_error: z.string().optional(),
  delivered_at: z.number().optional(),
});
export type TargetHealth = z.infer<typeof TargetHealth>;

/** A success is written at most this often, ms. */
const SUCCESS_INTERVAL = 60_000;
/** Characters kept of an error. */
const LONGEST_ERROR = 500;

/** The configured targets of all receivers, and whether their deliveries succeed. Kept by their id. */
export class ReceiverHealth {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #now: () => number;

  constructor({ redis, keys, now }: StateContext) {
    this.#redis = redis;
    this.#key = keys.receivers;
    this.#now = now;
  }

  /** Returns all configured targets by their id. */
  async read(): Promise<Map<string, TargetHealth>> {
    const entries = Object.entries(await ifReadable(this.#redis.hgetall(this.#key), {}));
    const found = entries.flatMap(([id, text]): [string, TargetHealth][] => {
      const health = parseHealth(text);
      return health ? [[id, health]] : [];
    });
    return new Map(found.toSorted(([a], [b]) => a.localeCompare(b)));
  }

  /** Adds a target that is configured, unless it is known. */
  async register(id: string, { receiver, kind }: Pick<TargetHealth, 'receiver' | 'kind'>): Promise<void> {
    await this.#redis.hsetnx(this.#key, id, JSON.stringify({ receiver, kind, failures: 0 }));
  }

  /** Forgets all other targets, which are no longer configured. */
  async retain(ids: readonly string[]): Promise<void> {
    const known = await ifReadable(this.#redis.hgetall(this.#key), {});
    const gone = Object.keys(known).filter((id) => !ids.includes(id));
    if (gone.length > 0) await this.#redis.hdel(this.#key, ...gone);
  }

  /** Two workers that write at the same time count one failure; the time at which it began stays. */
  async failed(id: string, target: Pick<TargetHealth, 'receiver' | 'kind'>, error: string): Promise<void> {
    const before = await this.#of(id);
    await this.#set(id, {
      ...before,
      receiver: target.receiver,
      kind: target.kind,
      failing_since: before?.failing_since ?? this.#now(),
      failures: (before?.failures ?? 0) + 1,
      last_error: error.slice(0, LONGEST_ERROR),
    });
  }

  async delivered(id: string, { receiver, kind }: Pick<TargetHealth, 'receiver' | 'kind'>): Promise<void> {
    const before = await this.#of(id);
    const now = this.#now();
    const isRecent = before?.delivered_at !== undefined && now - before.delivered_at < SUCCESS_INTERVAL;
    if (before && before.failing_since === undefined && isRecent) return;
    await this.#set(id, { receiver, kind, failures: 0, delivered_at: now });
  }

  async #of(id: string): Promise<TargetHealth | undefined> {
    const text = await ifReadable(this.#redis.hget(this.#key, id), null);
    return text === null ? undefined : parseHealth(text);
  }

  async #set(id: string, health: TargetHealth): Promise<void> {
    await this.#redis.hset(this.#key, id, JSON.stringify(health));
  }
}

function parseHealth(text: string): TargetHealth | undefined {
  try {
    return TargetHealth.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
