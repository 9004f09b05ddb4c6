import type { Logger } from '@nightcrier/core/logger';
import { Notification } from '@nightcrier/core/incidents/notification';
import type { Redis } from 'ioredis';
import { ifReadable } from '../damage/if-readable.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** A notification that no queue has accepted yet. */
export interface DueNotification {
  /** Its name in the outbox. */
  name: string;
  /** Its JSON in the outbox. */
  text: string;
  notification: Notification;
}

/**
 * The notifications that are due. The script of the event that they report (an incident ends, agents become degraded) writes
 * them in the same step, so that no crash comes between the two. They are removed once the queues of their targets have
 * accepted them.
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

  /** Returns all due notifications, in no order. An entry that cannot be read is logged and removed. */
  async due(): Promise<DueNotification[]> {
    const entries = Object.entries(await ifReadable(this.#redis.hgetall(this.#key), {}));
    const readings = await Promise.all(entries.map(async ([name, text]) => this.#read(name, text)));
    return readings.filter((due) => due !== undefined);
  }

  /** Removes a notification that the queues have accepted. One that has replaced it since stays due. */
  async taken({ name, text }: Pick<DueNotification, 'name' | 'text'>): Promise<void> {
    await this.#remove([], [name, text]);
  }

  async #read(name: string, text: string): Promise<DueNotification | undefined> {
    try {
      return { name, text, notification: Notification.parse(JSON.parse(text)) };
    } catch (error) {
      this.#logger.error({ name, text, error }, 'notification unreadable; removed');
      await this.taken({ name, text });
      return undefined;
    }
  }
}
