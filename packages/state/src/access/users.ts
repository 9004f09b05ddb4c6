import { type NewUser, User } from '@nightcrier/core/access/user';
import type { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import type { StateContext } from '../redis/state-context.ts';
import { hashPassword, isPassword } from './password-hash.ts';

const StoredUser = User.extend({
  hash: z.string(),
  /** Another one with each password: sessions that were opened with an earlier one end. */
  version: z.string(),
});
type StoredUser = z.infer<typeof StoredUser>;

const KnownUser = StoredUser.omit({ hash: true });
/** A user, and what its sessions are bound to. */
type KnownUser = z.infer<typeof KnownUser>;

/** The local users of the API. */
export class Users {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #now: () => number;

  constructor({ redis, keys, now }: StateContext) {
    this.#redis = redis;
    this.#key = keys.users;
    this.#now = now;
  }

  /** Makes a user. Returns undefined where there is one of that name. */
  async add({ name, role, password }: NewUser, by: string): Promise<User | undefined> {
    const at = this.#time();
    const user: User = { name, role, created_at: at, created_by: by, password_changed_at: at };
    const stored: StoredUser = { ...user, hash: await hashPassword(password), version: newVersion() };
    const added = await this.#redis.hsetnx(this.#key, name, JSON.stringify(stored));
    return added === 1 ? user : undefined;
  }

  /** Returns all users, by name. */
  async list(): Promise<User[]> {
    const rows = await ifReadable(this.#redis.hvals(this.#key), []);
    return rows
      .flatMap((row) => storedJson(User, row) ?? [])
      .toSorted((one, other) => one.name.localeCompare(other.name));
  }

  /** Returns the user of a name; undefined if there is none. */
  async get(name: string): Promise<KnownUser | undefined> {
    const stored = await this.#read(name);
    return stored && KnownUser.parse(stored);
  }

  /** Returns the user whose name and password these are; undefined for any other. */
  async find(name: string, password: string): Promise<KnownUser | undefined> {
    const stored = await this.#read(name);
    return (await isPassword(password, stored?.hash)) && stored ? KnownUser.parse(stored) : undefined;
  }

  /** Changes the password, which ends the sessions of the user. Returns undefined where there is no such user. */
  async changePassword(name: string, password: string): Promise<User | undefined> {
    const hash = await hashPassword(password);
    const stored = await this.#read(name);
    if (!stored) return undefined;
    const changed = { ...stored, hash, version: newVersion(), password_changed_at: this.#time() };
    await this.#redis.hset(this.#key, name, JSON.stringify(changed));
    return User.parse(changed);
  }

  /** Removes the user, which ends its sessions. Returns it; undefined if there is none. */
  async remove(name: string): Promise<User | undefined> {
    const user = await this.get(name);
    if (!user || (await this.#redis.hdel(this.#key, name)) === 0) return undefined;
    return User.parse(user);
  }

  async #read(name: string): Promise<StoredUser | undefined> {
    return storedJson(StoredUser, (await ifReadable(this.#redis.hget(this.#key, name), null)) ?? undefined);
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }
}

function newVersion(): string {
  return randomBytes(8).toString('hex');
}
