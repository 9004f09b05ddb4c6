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

  async #check(hash: string): Promise<string[]> {
    if ((await ifReadable(this.#redis.hlen(hash), 0)) > MOST_FIELDS) return [];
    const fields = Object.entries(await ifReadable(this.#redis.hgetall(hash), {}));
    const damaged = fields.filter(([, text]) => !isJson(text));
    for (const [field, text] of damaged) await this.#fieldAside([hash], [field, text, 'it is no JSON']);
    return damaged.map(([field]) => `${hash} ${field}`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
