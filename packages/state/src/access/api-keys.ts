import { ApiKey, type NewApiKey } from '@nightcrier/core/access/api-key';
import type { Redis } from 'ioredis';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import type { StateContext } from '../redis/state-context.ts';

/** As stored: the key without its secret part, of which there is the SHA-256, hexadecimal. */
const StoredKey = ApiKey.extend({ hash: z.string() });
type StoredKey = z.infer<typeof StoredKey>;

/** `nightcrier_<id>_<256 random bits>`: a secret that scanners can recognise. */
const KEY = /^nightcrier_([0-9a-f]{12})_([\w-]{43})$/;

/** Returns whether a secret has the form of a named key. */
export function isNamedKey(secret: string): boolean {
  return KEY.test(secret);
}

/** A name that another key has. */
export class KeyNameTakenError extends Error {
  override readonly name = 'KeyNameTakenError';
}

/** The named keys of the API. The secret part has 256 random bits, so a fast hash protects it. */
export class ApiKeys {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #now: () => number;

  constructor({ redis, keys, now }: StateContext) {
    this.#redis = redis;
    this.#key = keys.apiKeys;
    this.#now = now;
  }

  /**
   * Makes a key.
   * @returns it with its secret, which is not stored
   * @throws KeyNameTakenError
   */
  async add({ name, role, expires_in }: NewApiKey, by: string): Promise<{ key: ApiKey; secret: string }> {
    if ((await this.list()).some((other) => other.name === name))
      throw new KeyNameTakenError(
        `there is a key named ${JSON.stringify(name)}; revoke it first, or choose another name`,
      );
    const id = randomBytes(6).toString('hex');
    const random = randomBytes(32).toString('base64url');
    const now = this.#now();
    const key: ApiKey = {
      id,
      name,
      role,
      created_at: new Date(now).toISOString(),
      created_by: by,
      ...(expires_in !== undefined && { expires_at: new Date(now + expires_in * 1000).toISOString() }),
    };
    const stored: StoredKey = { ...key, hash: hashOf(random) };
    await this.#redis.hset(this.#key, id, JSON.stringify(stored));
    return { key, secret: `nightcrier_${id}_${random}` };
  }

  /** Returns all keys, the oldest first, also those that have expired. */
  async list(): Promise<ApiKey[]> {
    const rows = await ifReadable(this.#redis.hvals(this.#key), []);
    return rows
      .flatMap((row) => storedJson(StoredKey, row) ?? [])
      .map(withoutHash)
      .toSorted((one, other) => one.created_at.localeCompare(other.created_at));
  }

  /** Returns the key that a secret belongs to; undefined if there is none, it is revoked or it has expired. */
  async find(secret: string): Promise<ApiKey | undefined> {
    const [, id, random = ''] = KEY.exec(secret) ?? [];
    if (id === undefined) return undefined;
    const row = await ifReadable(this.#redis.hget(this.#key, id), null);
    const stored = row === null ? undefined : storedJson(StoredKey, row);
    if (!stored || !isSame(stored.hash, hashOf(random)) || this.#hasExpired(stored)) return undefined;
    return withoutHash(stored);
  }

  /** Returns the key with an id; undefined if there is none, it is revoked or it has expired. */
  async get(id: string): Promise<ApiKey | undefined> {
    const row = await ifReadable(this.#redis.hget(this.#key, id), null);
    const stored = row === null ? undefined : storedJson(StoredKey, row);
    return stored && !this.#hasExpired(stored) ? withoutHash(stored) : undefined;
  }

  #hasExpired({ expires_at: end }: StoredKey): boolean {
    return end !== undefined && Date.parse(end) <= this.#now();
  }

  /** Removes the key with an id or a name. Returns it; undefined if there is none. */
  async revoke(idOrName: string): Promise<ApiKey | undefined> {
    const key = (await this.list()).find(({ id, name }) => id === idOrName || name === idOrName);
    if (!key || (await this.#redis.hdel(this.#key, key.id)) === 0) return undefined;
    return key;
  }
}

function withoutHash(stored: StoredKey): ApiKey {
  return ApiKey.parse(stored);
}

function hashOf(random: string): string {
  return createHash('sha256').update(random).digest('hex');
}

/** Compares in constant time. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
