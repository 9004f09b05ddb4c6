import { type NewSilence, Silence } from '@nightcrier/core/silences/silence';
import type { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import type { StateContext } from '../redis/state-context.ts';

/** How long an ended silence is listed, ms. */
const KEPT_MS = 7 * 86_400_000;
/** Silences that are kept at the same time; each is matched against each fault. */
export const MOST_SILENCES = 1_000;

/** The silences of the installation. All methods reject while Redis is unreachable. */
export class Silences {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #now: () => number;

  constructor({ redis, keys, now }: StateContext) {
    this.#redis = redis;
    this.#key = keys.silences;
    this.#now = now;
  }

  /**
   * Adds a silence, and forgets those that ended a week ago.
   * @throws RangeError when it would be over before it begins, or there are too many
   */
  async add(
    { matchers, starts_at, ends_at, duration, comment, investigate }: NewSilence,
    by: string,
  ): Promise<Silence> {
    const now = this.#now();
    const start = starts_at === undefined ? now : Date.parse(starts_at);
    const end = ends_at === undefined ? start + (duration ?? 0) * 1000 : Date.parse(ends_at);
    if (end <= start || end <= now) throw new RangeError('ends_at must be later than starts_at and than now');
    const silences = await this.list();
    const old = silences.filter((silence) => Date.parse(silence.ends_at) < now - KEPT_MS);
    if (old.length > 0) await this.#redis.hdel(this.#key, ...old.map(({ id }) => id));
    if (silences.length - old.length >= MOST_SILENCES)
      throw new RangeError(`there are ${MOST_SILENCES} silences, which is the most; expire some that are not needed`);
    const silence: Silence = {
      id: randomBytes(6).toString('hex'),
      matchers,
      starts_at: new Date(start).toISOString(),
      ends_at: new Date(end).toISOString(),
      comment,
      created_by: by,
      created_at: new Date(now).toISOString(),
      investigate,
    };
    await this.#redis.hset(this.#key, silence.id, JSON.stringify(silence));
    return silence;
  }

  /** Returns all silences, those that end last first, also those that have ended within a week. */
  async list(): Promise<Silence[]> {
    const rows = await ifReadable(this.#redis.hvals(this.#key), []);
    return rows
      .flatMap((row) => storedJson(Silence, row) ?? [])
      .toSorted((one, other) => other.ends_at.localeCompare(one.ends_at));
  }

  /** Ends a silence at once. Returns it; undefined if there is none that has not ended. */
  async expire(id: string, by: string): Promise<Silence | undefined> {
    const row = await ifReadable(this.#redis.hget(this.#key, id), null);
    const silence = row === null ? undefined : storedJson(Silence, row);
    const now = this.#now();
    if (!silence || Date.parse(silence.ends_at) <= now) return undefined;
    const expired: Silence = { ...silence, ends_at: new Date(now).toISOString(), expired_by: by };
    await this.#redis.hset(this.#key, id, JSON.stringify(expired));
    return expired;
  }
}
