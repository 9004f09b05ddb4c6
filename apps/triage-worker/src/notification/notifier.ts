import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Notification } from '@nightcrier/core/incidents/notification';
import type { ProblemOutbox } from '@nightcrier/state/notifications/problem-outbox';
import type { NotificationOutbox } from '@nightcrier/state/notifications/notification-outbox';
import { notificationOfProblem } from './from-problem.ts';
import type { NotificationTarget } from './notification-target.ts';
import { type DeliveryTimes, TargetWorker, type TargetWorkerOptions } from './target-worker.ts';

/** Times in milliseconds. */
export interface NotifierTimes extends DeliveryTimes {
  /** Between two reads of the outbox; recurrences within it become one notification. */
  interval: number;
}

export const DEFAULT_NOTIFIER_TIMES: NotifierTimes = {
  interval: 5_000,
  lockDuration: 30_000,
  stalledInterval: 10_000,
  retryDelay: { initial: 2_000, max: 600_000 },
};

/** What a running delivery gets to finish at a stop: the result of an aborted one is unknown. */
const STOP_PATIENCE_MS = 3_000;

export interface NotifierOptions extends TargetWorkerOptions {
  targets: NotificationTarget[];
  outbox: NotificationOutbox;
  problemOutbox: ProblemOutbox;
  times: NotifierTimes;
}

/**
 * Moves due notifications from the outbox into a queue per target, and delivers what is queued. Any number of workers do
 * both; job ids derived from the notification prevent duplicates. Order: `start` once, `stop` at any time, also before or
 * during `start`.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #loop: BackgroundLoop;
  #state: 'new' | 'started' | 'stopped' = 'new';
  #workers: TargetWorker[] = [];

  constructor(options: NotifierOptions) {
    const { times, logger } = options;
    this.#options = options;
    this.#loop = new BackgroundLoop(async () => this.#dispatch(), {
      interval: times.interval,
      firstRun: 'after_interval',
      // Redis is unreachable; notifications stay in the outbox.
      onError: (error) => logger.debug({ error }, 'notification outbox not read'),
    });
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    const { targets, logger } = this.#options;
    this.#workers = targets.map((target) => new TargetWorker(target, this.#options));
    await Promise.all(this.#workers.map(async (worker) => worker.prepare()));
    if (this.#isStopped()) return;
    for (const worker of this.#workers) {
      const { name } = worker.target;
      worker.run().catch((error: unknown) => logger.error({ target: name, error }, 'notification worker stopped'));
    }
    this.#loop.start();
    if (targets.length > 0) logger.info({ targets: targets.map(({ name }) => name) }, 'notifier started');
  }

  /** Reads the outbox immediately: a notification is due. */
  wake(): void {
    this.#loop.wake();
  }

  /** Stops deliveries. What is due or queued stays for other workers or the next start. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    await this.#loop.stop();
    await Promise.all(this.#workers.map(async (worker) => worker.stop(STOP_PATIENCE_MS)));
  }

  /** Also changes during `start`. */
  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  async #dispatch(): Promise<void> {
    const { outbox, problemOutbox, incidents } = this.#options;
    // Last: if the worker dies before, the notification is queued again under the same ids.
    for (const due of await outbox.due()) if (await this.#enqueue(due.notification)) await outbox.taken(due);
    for (const due of await problemOutbox.due()) {
      const notification = await notificationOfProblem(due.notification, incidents);
      if (notification === undefined || (await this.#enqueue(notification))) await problemOutbox.taken(due);
    }
  }

  /** @returns whether the queues of all receivers have accepted it */
  async #enqueue(notification: Notification): Promise<boolean> {
    const receivers = this.#workers.filter(({ target }) => target.accepts(notification.event));
    const queued = await Promise.all(receivers.map(async (worker) => worker.enqueue(notification)));
    return queued.every(Boolean);
  }
}
