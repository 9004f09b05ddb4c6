import type { IntakeOutcome } from '@nightcrier/core/admission';
import { BOOK_ENTRIES, type BookPages, emptyPage } from '@nightcrier/core/books';
import type { Redis } from 'ioredis';
import { StateKeys } from './keys.ts';

/** Counted by the ingester itself; all others are counted by admission, in the same step as what they count. */
export type EarlyOutcome = Extract<IntakeOutcome, 'filtered' | 'malformed' | 'skipped' | 'lost'>;

/** A malformed message, and what is wrong with it. One that did no harm is not among the outcomes. */
export interface MalformedCount {
  malformed: string;
  harmless?: boolean;
}

/**
 * The counts of the books (see `books.ts` of the core package), kept in one hash so that they are read at one instant. Each is changed in the
 * same step as what it tells of, and what is received is counted with what became of it.
 */
export class IntakeCounters {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #malformedKey: string;

  constructor(options: { redis: Redis; key_prefix: string }) {
    this.#redis = options.redis;
    const keys = new StateKeys(options.key_prefix);
    this.#key = keys.intake;
    this.#malformedKey = keys.malformed;
  }

  /** Counts faults that did not get as far as admission. */
  async count(cluster: string, counted: EarlyOutcome | MalformedCount, by = 1): Promise<void> {
    const transaction = this.#redis.multi();
    if (typeof counted === 'object') transaction.hincrby(this.#malformedKey, `${counted.malformed}:${cluster}`, by);
    if (typeof counted === 'string' || !counted.harmless) {
      const outcome = typeof counted === 'string' ? counted : 'malformed';
      for (const count of ['received', outcome])
        transaction.hincrby(this.#key, count, by).hincrby(this.#key, `${count}:${cluster}`, by);
    }
    const results = await transaction.exec();
    const failed = results?.find(([error]) => error)?.[0];
    if (failed) throw failed;
  }

  /** By cluster and reason, how much of what a server sent was malformed. */
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
