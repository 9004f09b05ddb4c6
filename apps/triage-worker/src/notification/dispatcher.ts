import { type Notification, notificationId } from '@nightcrier/core/incidents/notification';
import type { Logger } from '@nightcrier/core/logger';
import { planDeliveries } from '@nightcrier/core/routing/delivery-plan';
import type { ReceiverTarget } from '@nightcrier/core/routing/receiver-targets';
import type { Route } from '@nightcrier/core/routing/route-tree';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { Conversations } from '@nightcrier/state/notifications/conversations';
import type { NotificationOutbox } from '@nightcrier/state/notifications/notification-outbox';
import type { NotificationJob } from '@nightcrier/state/notifications/notification-queue';
import type { ProblemOutbox, StoredProblemNotification } from '@nightcrier/state/notifications/problem-outbox';
import { fromEarlier } from './content/earlier-notification.ts';

/** Where jobs go: the queue of a target. */
export interface JobQueue {
  readonly id: string;
  /** @returns false if the notification has to stay in the outbox */
  enqueue(jobId: string, job: NotificationJob): Promise<boolean>;
}

export interface DispatcherOptions {
  route: Route;
  targets: readonly ReceiverTarget[];
  queues: readonly JobQueue[];
  outbox: NotificationOutbox;
  problemOutbox: ProblemOutbox;
  conversations: Conversations;
  incidents: IncidentStore;
  logger: Logger;
  now?: () => number;
}

/** Repeats that are queued in one scan. */
const MOST_REPEATS = 500;

/**
 * Moves due notifications from the outboxes into the queues of the targets that the routes give. Any number of workers do it at the
 * same time; job ids derived from the notification prevent duplicates.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #now: () => number;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  async dispatch(): Promise<void> {
    const { outbox, problemOutbox, logger } = this.#options;
    for (const due of await outbox.due()) {
      const isQueued = await this.#dispatchEarlier(due.notification);
      // Last: if the worker dies before, the notification is queued again under the same ids.
      if (isQueued) await outbox.taken(due);
    }
    for (const due of await problemOutbox.due()) {
      if (await this.#dispatchProblem(due.notification)) await problemOutbox.taken(due);
    }
    await this.#dispatchRepeats().catch((error: unknown) =>
      logger.debug({ error }, 'repeated notifications not queued'),
    );
  }

  async #dispatchProblem(notification: StoredProblemNotification): Promise<boolean> {
    const { conversations } = this.#options;
    const { id, event, problem } = notification;
    const subject = `${problem.cluster}/${problem.key}`;
    const isQueued = await this.#enqueue(subject, id, notification, { problem: notification, part: 'message' });
    if (event === 'closed' && isQueued) await conversations.end(subject);
    return isQueued;
  }

  /** Notifications of earlier versions are routed by the incident that they name. */
  async #dispatchEarlier(notification: Notification): Promise<boolean> {
    const { incidents, logger } = this.#options;
    const content = await fromEarlier(notification, incidents).catch(asMissing);
    if (!content) {
      logger.warn({ notification }, 'notification not routed; its incident is missing or open');
      return true;
    }
    const { id, event, at, problem, subject } = content;
    const stored = { id, event, at, problem, sequence: 0 };
    return this.#enqueue(subject, notificationId(notification), stored, { notification, part: 'message' });
  }

  /** @returns false if the notification has to stay in the outbox */
  async #enqueue(
    subject: string,
    id: string,
    notification: StoredProblemNotification,
    job: NotificationJob,
  ): Promise<boolean> {
    const { route, targets, queues, conversations } = this.#options;
    const { targets: notified } = await conversations.read(subject);
    const planned = planDeliveries(notification, route, targets, notified);
    const intervals = new Map(planned.map(({ target, repeatInterval }) => [target, repeatInterval]));
    // Before the jobs: who gets one is notified of the end, too.
    if (planned.length > 0) await conversations.record(subject, intervals, notification);
    const chosen = queues.filter((queue) => intervals.has(queue.id));
    const queued = await Promise.all(chosen.map((queue) => queue.enqueue(`${id}-message`, job)));
    // Also where the change itself is not notified, such as an acknowledgement.
    await this.#schedule(subject, new Map([...notified, ...intervals]), notification);
    return queued.every(Boolean);
  }

  /** A firing problem is notified again, unless somebody has acknowledged it. */
  async #schedule(
    subject: string,
    intervals: ReadonlyMap<string, number | undefined>,
    { event, problem }: StoredProblemNotification,
  ): Promise<void> {
    const { conversations } = this.#options;
    if (event === 'recurred') return;
    const repeats = problem.state === 'firing' && !problem.acknowledged;
    for (const [target, interval] of intervals) {
      const due = repeats && interval !== undefined ? this.#now() + interval * 1000 : undefined;
      await conversations.scheduleRepeat(target, subject, due);
    }
  }

  async #dispatchRepeats(): Promise<void> {
    const { queues, conversations } = this.#options;
    for (const { target, problem, due } of await conversations.dueRepeats(this.#now(), MOST_REPEATS)) {
      const queue = queues.find(({ id }) => id === target);
      const [{ targets }, latest] = await Promise.all([conversations.read(problem), conversations.latest(problem)]);
      const interval = targets.get(target);
      if (!queue || !latest || interval === undefined || latest.sequence === 0) {
        await conversations.scheduleRepeat(target, problem, undefined);
        continue;
      }
      await queue.enqueue(`${latest.id}-repeat-${due}-message`, { problem: latest, repeat: true, part: 'message' });
      await conversations.scheduleRepeat(target, problem, this.#now() + interval * 1000);
    }
  }
}

/** A row that cannot be read is moved aside; nothing about it can be notified. */
function asMissing(error: unknown): undefined {
  if (error instanceof CorruptIncidentError) return undefined;
  throw error;
}
