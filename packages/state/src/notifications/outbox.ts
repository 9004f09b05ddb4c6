import type { Logger } from '@nightcrier/core/logger';
import type { Redis } from 'ioredis';
import { ifReadable } from '../damage/if-readable.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** A notification that no queue has accepted yet. */
export interface Due<T> {
  /** Its name in the outbox. */
  name: string;
  /** Its JSON in the outbox. */
  text: string;
  notification: T;
}

/**
 * The notifications that are due, in a hash by their name. The script of the event that they report writes them in the same step, so
 * that no crash comes between the two. They are removed once the queues of their targets have accepted them.
 */
export class Outbox<T> {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #parse: (json: unknown) => T;
  readonly #logger: Logger;
  readonly #remove: LuaScript;

  /** @param parse throws for an entry that this version cannot read */
  constructor(context: StateContext, key: string, parse: (json: unknown) => T) {
    this.#redis = context.redis;
    this.#key = key;
    this.#parse = parse;
    this.#logger = context.logger;
    this.#remove = defineScript(context, 'notifications/remove-due');
  }

  /** Returns all due notifications. An entry that cannot be read is logged and removed. */
  async due(): Promise<Due<T>[]> {
    const entries = Object.entries(await ifReadable(this.#redis.hgetall(this.#key), {}));
    const readings = await Promise.all(entries.map(async ([name, text]) => this.#read(name, text)));
    return readings.filter((due) => due !== undefined);
  }

  /** Removes a notification that the queues have accepted. One that has replaced it since stays due. */
  async taken({ name, text }: Pick<Due<T>, 'name' | 'text'>): Promise<void> {
    await this.#remove([this.#key], [name, text]);
  }

  async #read(name: string, text: string): Promise<Due<T> | undefined> {
    try {
      return { name, text, notification: this.#parse(JSON.parse(text)) };
    } catch (error) {
      this.#logger.error({ name, text, error }, 'notification unreadable; removed');
      await this.taken({ name, text });
      return undefined;
    }
  }
}
