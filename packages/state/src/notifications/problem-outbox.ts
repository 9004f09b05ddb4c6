import type { Logger } from '@nightcrier/core/logger';
import { ProblemNotification } from '@nightcrier/core/problems/problem-notification';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** A notification about a problem as it is stored: it names its incident, whose facts are read at delivery. */
export const StoredProblemNotification = ProblemNotification.omit({ incident: true }).extend({
  incident_id: z.string().optional(),
});
export type StoredProblemNotification = z.infer<typeof StoredProblemNotification>;

/** A notification about a problem that no queue has accepted yet. */
export interface DueProblemNotification {
  /** Its JSON in the outbox. */
  text: string;
  notification: StoredProblemNotification;
}

/**
 * The notifications about problems that are due, in a hash by their id. The script that changes a problem writes them in the same
 * step (`lua/note-problem-due.lua`). Apart from `NotificationOutbox`, whose entries workers of earlier versions remove when
 * they cannot read them.
 */
export class ProblemOutbox {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #logger: Logger;
  readonly #remove: LuaScript;

  constructor(context: StateContext) {
    this.#redis = context.redis;
    this.#key = context.keys.dueProblemNotifications;
    this.#logger = context.logger;
    this.#remove = defineScript(context, 'notifications/remove-due-problem');
  }

  /** Returns all due notifications, the earliest first. An entry that cannot be read is logged and removed. */
  async due(): Promise<DueProblemNotification[]> {
    const entries = Object.entries(await ifReadable(this.#redis.hgetall(this.#key), {}));
    const readings = await Promise.all(entries.map(async ([id, text]) => this.#read(id, text)));
    return readings
      .filter((due) => due !== undefined)
      .toSorted((a, b) => a.notification.sequence - b.notification.sequence);
  }

  /** Removes a notification that the queues have accepted. One that has replaced it since stays due. */
  async taken({ notification, text }: DueProblemNotification): Promise<void> {
    await this.#remove([], [notification.id, text]);
  }

  async #read(id: string, text: string): Promise<DueProblemNotification | undefined> {
    try {
      return { text, notification: StoredProblemNotification.parse(withLists(JSON.parse(text))) };
    } catch (error) {
      this.#logger.error({ id, text, error }, 'problem notification unreadable; removed');
      await this.#remove([], [id, text]);
      return undefined;
    }
  }
}

/** Lua encodes an empty list as an empty object. */
function withLists(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('problem' in value)) return value;
  const { problem } = value;
  if (typeof problem !== 'object' || problem === null) return value;
  const lists = Object.entries(problem).map(([key, item]: [string, unknown]) => [
    key,
    key !== 'labels' && typeof item === 'object' && item !== null && Object.keys(item).length === 0 ? [] : item,
  ]);
  return { ...value, problem: Object.fromEntries(lists) as unknown };
}
