import type { Logger } from '@nightcrier/core/logger';
import type { ProblemNotification } from '@nightcrier/core/problems/problem-notification';
import type { Redis } from 'ioredis';
import { ifReadable } from '../damage/if-readable.ts';
import { CorruptIncidentError } from '../incidents/incident-row.ts';
import type { IncidentStore } from '../incidents/incidents.ts';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';
import { composeNotification } from './compose-notification.ts';
import { DueProblem } from './due-problem.ts';
import { parseProblemRow } from './problem-row.ts';

/** A notification of a problem that no queue has accepted yet. */
export interface DueProblemNotification {
  /** Its name in the outbox. */
  name: string;
  /** Its JSON in the outbox. */
  text: string;
  /** Not redacted. */
  notification: ProblemNotification;
}

/** Notifications that are read at once. */
const MOST = 500;

/**
 * The notifications of problems that are due. The script that changes a problem writes them in the same step, so that no crash comes
 * between the two. They are removed once the queues of their receivers have accepted them.
 */
export class ProblemOutbox {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #logger: Logger;
  readonly #incidents: IncidentStore;
  readonly #take: LuaScript;

  constructor(context: StateContext, incidents: IncidentStore) {
    this.#redis = context.redis;
    this.#keys = context.keys;
    this.#logger = context.logger;
    this.#incidents = incidents;
    this.#take = defineScript(context, 'problems/take-problem-notification');
  }

  /** Returns the oldest due notifications, in the order of the changes. One that cannot be read is logged and removed. */
  async due(): Promise<DueProblemNotification[]> {
    const entries = Object.entries(await ifReadable(this.#redis.hgetall(this.#keys.dueProblemNotifications), {}));
    const parsed = await Promise.all(entries.map(async ([name, text]) => this.#parse(name, text)));
    const due = parsed.filter((one) => one !== undefined).sort((a, b) => a.entry.sequence - b.entry.sequence);
    return Promise.all(due.slice(0, MOST).map(async (one) => this.#compose(one)));
  }

  /** Removes a notification that the queues have accepted. One that has replaced it since stays due. */
  async taken({ name, text }: Pick<DueProblemNotification, 'name' | 'text'>): Promise<void> {
    await this.#take([], [name, text]);
  }

  async #parse(name: string, text: string): Promise<{ name: string; text: string; entry: DueProblem } | undefined> {
    try {
      return { name, text, entry: DueProblem.parse(JSON.parse(text)) };
    } catch (error) {
      this.#logger.error({ name, text, error }, 'problem notification unreadable; removed');
      await this.taken({ name, text });
      return undefined;
    }
  }

  async #compose({
    name,
    text,
    entry,
  }: {
    name: string;
    text: string;
    entry: DueProblem;
  }): Promise<DueProblemNotification> {
    const { cluster, key, incident: id } = entry;
    const row = await ifReadable(this.#redis.hgetall(this.#keys.problem(cluster, key)), {});
    const incident = id === undefined ? undefined : await this.#incidents.get(id).catch(unreadable);
    return { name, text, notification: composeNotification(entry, parseProblemRow(cluster, key, row), incident) };
  }
}

/** A problem is notified also when its incident cannot be read. */
function unreadable(error: unknown): undefined {
  if (!(error instanceof CorruptIncidentError)) throw error;
  return undefined;
}
