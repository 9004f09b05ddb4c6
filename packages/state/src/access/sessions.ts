import { type Login, Session } from '@nightcrier/core/access/session';
import type { Redis } from 'ioredis';
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import type { StateContext } from '../redis/state-context.ts';
import type { StateKeys } from '../redis/keys.ts';

const StoredSession = Session.extend({ credential: z.string().optional(), groups: z.array(z.string()).optional() });
/** A session, and what it is bound to. */
export type OpenSession = z.infer<typeof StoredSession>;

/** 256 random bits. */
const SECRET = /^[\w-]{43}$/;

export interface SessionLimits {
  /** Seconds without a request after which a session ends. */
  idle: number;
  /** Seconds after which it ends in any case. */
  lifetime: number;
}

/**
 * The browsers that are logged in. A session is found by the SHA-256 of its secret, which the browser alone has. It ends when its key
 * expires (no request for a time), at `ends_at`, or when it is removed.
 */
export class Sessions {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #now: () => number;

  constructor({ redis, keys, now }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
    this.#now = now;
  }

  /**
   * Opens a session, always with a new secret: one that a client has sent is never used.
   * @param bind returns what the session is bound to, if that depends on the secret
   */
  async open(
    login: Login,
    { idle, lifetime }: SessionLimits,
    bind?: (secret: string) => string,
  ): Promise<{ session: Session; secret: string }> {
    const secret = randomBytes(32).toString('base64url');
    const hash = hashOf(secret);
    const now = this.#now();
    const endsAt = now + lifetime * 1000;
    const stored: OpenSession = {
      id: hash.slice(0, 12),
      created_at: new Date(now).toISOString(),
      ends_at: new Date(endsAt).toISOString(),
      method: login.method,
      name: login.name,
      credential: bind?.(secret) ?? login.credential,
      ...(login.groups && { groups: [...login.groups] }),
    };
    const reply = await this.#redis
      .multi()
      .set(this.#keys.session(hash), JSON.stringify(stored), 'PX', Math.ceil(Math.min(idle, lifetime) * 1000))
      .zadd(this.#keys.sessions, endsAt, hash)
      .zremrangebyscore(this.#keys.sessions, '-inf', now)
      .exec();
    const failure = reply?.find(([error]) => error !== null)?.[0];
    if (failure) throw failure;
    return { session: Session.parse(stored), secret };
  }

  /**
   * Returns the session of a secret, and notes that it is in use; undefined if there is none or it has ended.
   * @param idle seconds
   */
  async find(secret: string, idle: number): Promise<OpenSession | undefined> {
    if (!SECRET.test(secret)) return undefined;
    const key = this.#keys.session(hashOf(secret));
    const [row, remaining] = await Promise.all([ifReadable(this.#redis.get(key), null), this.#redis.pttl(key)]);
    const session = storedJson(StoredSession, row ?? undefined);
    if (!session || Date.parse(session.ends_at) <= this.#now()) return undefined;
    // Not at each request: most only read.
    const whole = idle * 1000;
    if (remaining < whole * 0.9 || remaining > whole) await this.#redis.pexpire(key, Math.ceil(whole));
    return session;
  }

  /** Returns the sessions that have not ended, the latest first. */
  async list(): Promise<Session[]> {
    const hashes = await ifReadable(this.#redis.zrangebyscore(this.#keys.sessions, `(${this.#now()}`, '+inf'), []);
    if (hashes.length === 0) return [];
    const rows = await this.#redis.mget(hashes.map((hash) => this.#keys.session(hash)));
    const ended = hashes.filter((_, index) => rows[index] === null);
    if (ended.length > 0) await this.#redis.zrem(this.#keys.sessions, ...ended);
    return rows
      .flatMap((row) => storedJson(Session, row ?? undefined) ?? [])
      .toSorted((one, other) => other.created_at.localeCompare(one.created_at));
  }

  /** Ends the session of a secret. Returns it; undefined if there is none. */
  async close(secret: string): Promise<Session | undefined> {
    if (!SECRET.test(secret)) return undefined;
    return this.#remove(hashOf(secret));
  }

  /** Ends the session with an id, or all sessions of a name. Returns them. */
  async revoke(idOrName: string): Promise<Session[]> {
    const hashes = await ifReadable(this.#redis.zrange(this.#keys.sessions, 0, '-1'), []);
    const wanted = new Set(
      (await this.list()).filter(({ id, name }) => id === idOrName || name === idOrName).map(({ id }) => id),
    );
    const revoked: Session[] = [];
    for (const hash of hashes) {
      const session = wanted.has(hash.slice(0, 12)) ? await this.#remove(hash) : undefined;
      if (session) revoked.push(session);
    }
    return revoked;
  }

  async #remove(hash: string): Promise<Session | undefined> {
    const key = this.#keys.session(hash);
    const session = storedJson(Session, (await ifReadable(this.#redis.get(key), null)) ?? undefined);
    await this.#redis.del(key);
    await this.#redis.zrem(this.#keys.sessions, hash);
    return session;
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
