import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';
import { StoredProblemNotification } from './problem-outbox.ts';

/** As long as incidents' rows are kept. */
const KEPT_SECONDS = 30 * 86_400;
/** Field of the latest notification; ids of targets have no colon. */
const LATEST = ':latest';

/** Prefix of the fields of the sequence number that each target has accepted last. */
const DELIVERED = ':delivered:';
/** Longer than a delivery is retried. */
const CLOSED_SECONDS = 2 * 86_400;

const Sequence = z.coerce.number().int();
const Seconds = z.coerce.number().positive();

/** What is kept of one problem: the targets that were notified of it. */
export interface Conversation {
  /** By the id of a target: seconds after which it is notified again while the problem is firing; undefined: never. */
  targets: ReadonlyMap<string, number | undefined>;
}

/** A target that is due to be notified of a problem again. */
export interface DueRepeat {
  target: string;
  /** `<cluster>/<key>` */
  problem: string;
  /** When it was due, ms since the epoch. */
  due: number;
}

/**
 * Which targets were notified of which problem. They are notified of its end, whatever its labels are by then, and again after
 * `repeat_interval` while it is firing. Ends with the problem.
 */
export class Conversations {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** @param problem `<cluster>/<key>` */
  async read(problem: string): Promise<Conversation> {
    const fields = Object.entries(await ifReadable(this.#redis.hgetall(this.#keys.conversation(problem)), {}));
    const targets = fields.filter(([field]) => !field.startsWith(':'));
    return { targets: new Map(targets.map(([target, repeat]) => [target, Seconds.safeParse(repeat).data])) };
  }

  /** Returns the latest notification of a problem. */
  async latest(problem: string): Promise<StoredProblemNotification | undefined> {
    const text = await ifReadable(this.#redis.hget(this.#keys.conversation(problem), LATEST), null);
    if (text === null) return undefined;
    try {
      return StoredProblemNotification.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  /** Records that targets are notified, each with the seconds after which it is notified again. */
  async record(
    problem: string,
    targets: ReadonlyMap<string, number | undefined>,
    latest: StoredProblemNotification,
  ): Promise<void> {
    const key = this.#keys.conversation(problem);
    const fields = [...targets].flatMap(([target, repeat]) => [target, String(repeat ?? '')]);
    await this.#redis
      .multi()
      .hset(key, LATEST, JSON.stringify(latest), ...fields)
      .pexpire(key, KEPT_SECONDS * 1000)
      .exec();
  }

  /** Returns the sequence number of the last notification that a target has accepted. */
  async lastDelivered(problem: string, target: string): Promise<number | undefined> {
    const key = this.#keys.conversation(problem);
    return Sequence.safeParse(await ifReadable(this.#redis.hget(key, `${DELIVERED}${target}`), null)).data;
  }

  async delivered(problem: string, target: string, sequence: number): Promise<void> {
    await this.#redis.hset(this.#keys.conversation(problem), `${DELIVERED}${target}`, sequence);
  }

  /** Ends the conversation of a problem that is closed. What was delivered is kept for late deliveries. */
  async end(problem: string): Promise<void> {
    const key = this.#keys.conversation(problem);
    const { targets } = await this.read(problem);
    const fields = [LATEST, ...targets.keys()];
    await this.#redis
      .multi()
      .hdel(key, ...fields)
      .pexpire(key, CLOSED_SECONDS * 1000)
      .exec();
  }

  /** Sets when a target is notified again; undefined: never. */
  async scheduleRepeat(target: string, problem: string, due: number | undefined): Promise<void> {
    const member = `${target} ${problem}`;
    if (due === undefined) await this.#redis.zrem(this.#keys.repeats, member);
    else await this.#redis.zadd(this.#keys.repeats, String(due), member);
  }

  /** Returns what is due, the earliest first, at most `limit`. */
  async dueRepeats(now: number, limit: number): Promise<DueRepeat[]> {
    const found = await ifReadable(
      this.#redis.zrange(this.#keys.repeats, '-inf', String(now), 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES'),
      [],
    );
    const repeats: DueRepeat[] = [];
    for (let at = 0; at + 1 < found.length; at += 2) {
      const [target = '', ...problem] = (found[at] ?? '').split(' ');
      repeats.push({ target, problem: problem.join(' '), due: Number(found[at + 1]) });
    }
    return repeats;
  }
}
