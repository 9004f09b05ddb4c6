import type { Redis } from 'ioredis';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';
import { ifReadable } from './if-readable.ts';

/** A larger hash is written all the time, so that damage does not last. */
const MOST_FIELDS = 1_000;

/**
 * Moves fields aside that should be JSON and are not. Readers skip them, so that, for example, a silence would end without a sign.
 * JSON that this version does not expect may be of a later one, and stays.
 */
export class DamageSweep {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #fieldAside: LuaScript;

  constructor(context: StateContext) {
    this.#redis = context.redis;
    this.#keys = context.keys;
    this.#fieldAside = defineScript(context, 'damage/field-aside');
  }

  /** @returns what was moved, as `key field` */
  async run(): Promise<string[]> {
    const moved: string[] = [];
    for (const hash of await this.#hashes()) moved.push(...(await this.#check(hash)));
    return moved;
  }

  /** The hashes whose fields are all JSON. */
  async #hashes(): Promise<string[]> {
    const keys = this.#keys;
    const [alerted, silenced] = await Promise.all([
      ifReadable(this.#redis.smembers(keys.alertedClusters), []),
      ifReadable(this.#redis.smembers(keys.silencedClusters), []),
    ]);
    return [
      keys.silences,
      keys.apiKeys,
      keys.users,
      keys.receivers,
      keys.runSockets,
      keys.isolation,
      keys.gateways,
      keys.ingesterHealth,
      keys.refusedConfigurations,
      keys.workerRecords,
      keys.health,
      keys.lastContacts,
      ...keys.unassignedAlerts.slice(0, 1),
      ...alerted.map((cluster) => keys.alerts(cluster)),
      ...silenced.map((cluster) => keys.silencedFaults(cluster)),
    ];
  }

  /** Names and values as bytes: those of damage are often no text. */
  async #check(hash: string): Promise<string[]> {
    if ((await ifReadable(this.#redis.hlen(hash), 0)) > MOST_FIELDS) return [];
    const reply: unknown = await ifReadable<unknown>(this.#redis.callBuffer('HGETALL', hash), []);
    const flat = Array.isArray(reply) ? reply.filter((part) => Buffer.isBuffer(part)) : [];
    const moved: string[] = [];
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const [field, value] = [flat[at] ?? EMPTY, flat[at + 1] ?? EMPTY];
      if (isJson(value.toString())) continue;
      const reply = await this.#fieldAside([hash], [field, value, 'it is no JSON']);
      if (reply === 1) moved.push(`${hash} ${field.toString()}`);
    }
    return moved;
  }
}

const EMPTY = Buffer.alloc(0);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
