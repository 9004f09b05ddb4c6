import type { IntakeOutcome } from '@nightcrier/core/admission';
import { BOOK_ENTRIES, type BookPages, emptyPage } from '@nightcrier/core/books';
import type { Redis } from 'ioredis';
import { StateKeys } from './keys.ts';

/** Counted by the ingester itself; all others are counted by admission, in the same step as what they count. */
export type EarlyOutcome = Extract<IntakeOutcome, 'filtered' | 'malformed' | 'skipped' | 'lost'>;

/**
 * The counts of the books (see `books.ts` of the core package), kept in one hash so that they are read at one instant. Each is changed in the
 * same step as what it tells of, and what is received is counted with what became of it.
 */
export class IntakeCounters {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(options: { redis: Redis; key_prefix: string }) {
    this.#redis = options.redis;
    this.#key = new StateKeys(options.key_prefix).intake;
  }

  /** Counts faults that did not get as far as admission. */
  async count(cluster: string, outcome: EarlyOutcome, by = 1): Promise<void> {
    const transaction = this.#redis.multi();
    for (const count of ['received', outcome])
      transaction.hincrby(this.#key, count, by).hincrby(this.#key, `${count}:${cluster}`, by);
    const results = await transaction.exec();
    const failed = results?.find(([error]) => error)?.[0];
    if (failed) throw failed;
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
