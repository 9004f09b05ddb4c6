import type { IntakeOutcome } from '@nightcrier/core/incidents/admission';
import { BOOK_ENTRIES, type BookPage, type BookPages, emptyPage } from '@nightcrier/core/incidents/books';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { countOf, ifReadable, isWrongType } from '../damage/if-readable.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Outcomes that the ingester counts. Admission counts all others, in the same step as what they count. */
export type EarlyOutcome = Extract<IntakeOutcome, 'filtered' | 'malformed' | 'skipped' | 'silenced' | 'lost'>;

/** A malformed message and its reason. A harmless one is not among the outcomes. */
export interface MalformedCount {
  malformed: string;
  harmless?: boolean;
}

/** How many faults of a cluster had the outcome, or were malformed for the reason, or both. */
const EarlyCount = z.object({
  cluster: z.string(),
  outcome: z.enum(['filtered', 'malformed', 'skipped', 'silenced', 'lost']).optional(),
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

const Refused = z.instanceof(Error).refine(isWrongType);
/** Reply to a command of a pipeline, where a value of another type counts as none. */
const Fields = z.union([
  z.tuple([z.null(), z.record(z.string(), z.string())]).transform(([, fields]) => Object.entries(fields)),
  z.tuple([Refused], z.unknown()).transform((): [string, string][] => []),
]);
const Size = z.union([
  z.tuple([z.null(), z.number()]).transform(([, size]) => size),
  z.tuple([Refused], z.unknown()).transform(() => 0),
]);
const Pages = z.tuple([Fields, Size, Size, Size]);

/**
 * The books (see `books.ts` of the core package): one hash, so that a reader sees one instant. Each count changes in the same
 * step as what it counts, and a received fault is counted together with its outcome.
 */
export class IntakeCounters {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #key: string;
  readonly #malformedKey: string;
  readonly #countOnce: LuaScript;

  constructor(context: StateContext) {
    const { redis, keys } = context;
    this.#redis = redis;
    this.#keys = keys;
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
    const fields = await ifReadable(this.#redis.hgetall(this.#malformedKey), {});
    return Object.entries(fields).map(([field, value]) => {
      const [reason = '', cluster = ''] = field.split(':', 2);
      return { cluster, reason, count: countOf(value) };
    });
  }

  /** Reads the books, with the number of rows at the same instant. */
  async read(): Promise<BookPages> {
    const { incidents } = this.#keys;
    const pipeline = this.#redis.pipeline().hgetall(this.#key).zcard(incidents);
    for (const state of ['queued', 'investigating'] as const) pipeline.zcard(this.#keys.incidentsIn(state));
    const [fields, all, queued, investigating] = Pages.parse(await pipeline.exec());
    const pages: BookPages = { total: emptyPage(), clusters: {}, rows: { all, open: queued + investigating } };
    // A cluster may have any name.
    const clusters = new Map<string, BookPage>();
    const unreadable: string[] = [];
    for (const [field, value] of fields) {
      const [outcome = '', cluster] = field.split(':', 2);
      const counted = BOOK_ENTRIES.find((name) => name === outcome);
      if (counted === undefined) continue;
      const counts = cluster === undefined ? pages.total : (clusters.get(cluster) ?? emptyPage());
      if (cluster !== undefined) clusters.set(cluster, counts);
      if (!(Number.isFinite(Number(value)) && Number(value) >= 0)) unreadable.push(field);
      counts[counted] = countOf(value);
    }
    return { ...pages, clusters: Object.fromEntries(clusters), ...(unreadable.length > 0 && { unreadable }) };
  }
}
