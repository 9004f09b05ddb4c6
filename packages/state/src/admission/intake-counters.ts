import type { IntakeOutcome } from '@nightcrier/core/incidents/admission';
import { BOOK_ENTRIES, type BookPages, emptyPage } from '@nightcrier/core/incidents/books';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Outcomes that the ingester counts. Admission counts all others, in the same step as what they count. */
export type EarlyOutcome = Extract<IntakeOutcome, 'filtered' | 'malformed' | 'skipped' | 'lost'>;

/** A malformed message and its reason. A harmless one is not among the outcomes. */
export interface MalformedCount {
  malformed: string;
  harmless?: boolean;
}

/** How many faults of a cluster had the outcome, or were malformed for the reason, or both. */
const EarlyCount = z.object({
  cluster: z.string(),
  outcome: z.enum(['filtered', 'malformed', 'skipped', 'lost']).optional(),
  malformed: z.string().optional(),
  by: z.number(),
});
export type EarlyCount = z.infer<typeof EarlyCount>;

/** Counts that are written together, once. */
export const CountBatch = z.object({
  /** The ingester's id for counting. */
  source: z.string(),
  /** Greater than that of every earlier batch of the source. */
  sequence: z.number(),
  counts: z.array(EarlyCount),
});
export type CountBatch = z.infer<typeof CountBatch>;

/**
 * The books (see `books.ts` of the core package): one hash, so that a reader sees one instant. Each count changes in the same
 * step as what it counts, and a received fault is counted together with its outcome.
 */
export class IntakeCounters {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #malformedKey: string;
  readonly #countOnce: LuaScript;

  constructor(context: StateContext) {
    const { redis, keys } = context;
    this.#redis = redis;
    this.#key = keys.intake;
    this.#malformedKey = keys.malformed;
    this.#countOnce = defineScript(context, 'admission/early-counts');
  }

  /** Counts faults that did not reach admission: one batch of an ingester, unless it was counted before. */
  async countOnce({ source, sequence, counts }: CountBatch): Promise<void> {
    await this.#countOnce([], [source, String(sequence), JSON.stringify(counts)]);
  }

  /** Returns the number of malformed messages by cluster and reason. */
  async readMalformed(): Promise<{ cluster: string; reason: string; count: number }[]> {
    return Object.entries(await this.#redis.hgetall(this.#malformedKey)).map(([field, value]) => {
      const [reason = '', cluster = ''] = field.split(':', 2);
      return { cluster, reason, count: Number(value) };
    });
  }

  async read(): Promise<BookPages> {
    const pages: BookPages = { total: emptyPage(), clusters: {} };
    for (const [field, value] of Object.entries(await this.#redis.hgetall(this.#key))) {
      const [outcome = '', cluster] = field.split(':', 2);
      const counted = BOOK_ENTRIES.find((name) => name === outcome);
      if (counted === undefined) continue;
      const counts = cluster === undefined ? pages.total : (pages.clusters[cluster] ??= emptyPage());
      counts[counted] = Number(value);
    }
    return pages;
  }
}
