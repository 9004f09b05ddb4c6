import type { Logger } from '@nightcrier/core/logger';
import { Notification } from '@nightcrier/core/incidents/notification';
import type { Redis } from 'ioredis';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** A notification that no queue has taken yet. */
export interface DueNotification {
  /** Its name in the outbox. */
  name: string;
  /** As it stands there. */
  text: string;
  notification: Notification;
}

/**
 * What people are to be told. It is written by the script that makes it so (an incident ends, agents count as degraded),
 * so that no crash comes between the two, and leaves once the queues of its targets have taken it.
 */
export class NotificationOutbox {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #logger: Logger;
  readonly #remove: LuaScript;

  constructor(context: StateContext) {
    this.#redis = context.redis;
    this.#key = context.keys.dueNotifications;
    this.#logger = context.logger;
    this.#remove = defineScript(context, 'notifications/remove-due-notification');
  }

  /** All that is due, in no order. An entry that cannot be read is logged and removed. */
  async due(): Promise<DueNotification[]> {
    const entries = Object.entries(await this.#redis.hgetall(this.#key));
    const readings = await Promise.all(entries.map(async ([name, text]) => this.#read(name, text)));
    return readings.filter((due) => due !== undefined);
  }

  /** The queues have it. What has taken its place meanwhile stays due. */
  async taken({ name, text }: Pick<DueNotification, 'name' | 'text'>): Promise<void> {
    await this.#remove([], [name, text]);
  }

  async #read(name: string, text: string): Promise<DueNotification | undefined> {
    try {
      return { name, text, notification: Notification.parse(JSON.parse(text)) };
    } catch (error) {
      this.#logger.error({ name, text, error }, 'a notification cannot be read; it is not sent');
      await this.taken({ name, text });
      return undefined;
    }
  }
}
