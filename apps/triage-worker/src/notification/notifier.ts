import type { Logger } from '@nightcrier/core/logger';
import { type Notification, notificationId } from '@nightcrier/core/incidents/notification';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { NotificationOutbox } from '@nightcrier/state/notifications/notification-outbox';
import {
  NOTIFICATION_RETENTION,
  type NotificationJob,
  type NotificationQueue,
  notificationQueueName,
} from '@nightcrier/state/notifications/notification-queue';
import type { State } from '@nightcrier/state/open-state';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { retryDelay } from '../queue/retry-delay.ts';
import { DeliveryError } from './delivery-error.ts';
import { readNews } from './news.ts';
import type { NotificationTarget } from './notification-target.ts';

/** Times in milliseconds. */
export interface NotifierTimes {
  /** Between two looks for what is due; recurrences within it are told together. */
  interval: number;
  /** A delivery that was not renewed for so long is anybody's. */
  lockDuration: number;
  stalledInterval: number;
  /** Before the second attempt, and the longest such delay. */
  retryDelay: { initial: number; max: number };
}

export const DEFAULT_NOTIFIER_TIMES: NotifierTimes = {
  interval: 5_000,
  lockDuration: 30_000,
  stalledInterval: 10_000,
  retryDelay: { initial: 2_000, max: 600_000 },
};

/** With the longest delay, for almost a day. */
const ATTEMPTS = 150;

/** What a delivery under way gets to finish at a stop: of one that is cut off nobody knows whether it arrived. */
const STOP_PATIENCE_MS = 3_000;

export interface NotifierOptions {
  state: Pick<State, 'redis' | 'keys' | 'openNotificationQueue'>;
  targets: NotificationTarget[];
  outbox: NotificationOutbox;
  incidents: IncidentStore;
  /** `public_url` */
  publicUrl: string | undefined;
  times: NotifierTimes;
  logger: Logger;
}

/**
 * Takes what is due to be told out of the outbox into a queue for each target, and delivers what is in the queues. Any
 * number of workers do both; ids that follow from what is told keep them from doing it twice.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #lines: { target: NotificationTarget; queue: NotificationQueue; worker: Worker<NotificationJob> }[] = [];
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #dispatching: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { targets, state, times, logger } = this.#options;
    for (const target of targets) {
      const queue = state.openNotificationQueue(target.name);
      const worker = this.#openWorker(target, queue);
      this.#lines.push({ target, queue, worker });
      if (target.inOrder) await queue.setGlobalConcurrency(1);
      if (this.#stopped) return;
      worker.run().catch((error: unknown) => logger.error({ target: target.name, error }, 'notifications stand still'));
    }
    this.#timer = setInterval(() => this.wake(), times.interval);
    if (targets.length > 0) logger.info({ targets: targets.map(({ name }) => name) }, 'notifying');
  }

  /** Something is due: it is looked for at once, and not only at the next interval. */
  wake(): void {
    this.#again = true;
    this.#dispatching ??= this.#dispatchAll().finally(() => {
      this.#dispatching = undefined;
    });
  }

  /** What is in the queues, or due, stays for other workers or the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#dispatching;
    const patience = setTimeout(() => this.#stopping.abort('the worker shuts down'), STOP_PATIENCE_MS);
    await Promise.all(this.#lines.map(({ worker }) => worker.close()));
    clearTimeout(patience);
    await Promise.all(this.#lines.map(({ queue }) => queue.close()));
  }

  async #dispatchAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#dispatch();
      } catch (error) {
        // Redis is away: the outbox keeps it until the next look.
        this.#options.logger.debug({ error }, 'due notifications could not be looked for');
      }
    }
  }

  async #dispatch(): Promise<void> {
    const { outbox } = this.#options;
    for (const due of await outbox.due()) {
      const { notification } = due;
      const wanting = this.#lines.filter(({ target }) => target.wants(notification.event));
      const taken = await Promise.all(wanting.map(async ({ queue }) => this.#take(queue, notification)));
      // Only now: whoever dies before this leaves it to be taken again, under the same ids.
      if (taken.every(Boolean)) await outbox.taken(due);
    }
  }

  /**
   * Has a queue take a notification. A recurrence stays due while an earlier one of its incident is in the queue, so that
   * there is never more than one, however often the fault comes while the target is slow or away.
   */
  async #take(queue: NotificationQueue, notification: Notification): Promise<boolean> {
    const job: NotificationJob = { notification, part: 'message' };
    if (notification.event === 'incident_recurred' && (await queue.getJob(jobIdOf(job)))) return false;
    await this.#enqueue(queue, job);
    return true;
  }

  async #enqueue(queue: NotificationQueue, job: NotificationJob): Promise<void> {
    const { event } = job.notification;
    const retention = event === 'incident_recurred' ? { removeOnComplete: true, removeOnFail: true } : {};
    const backoff = { type: 'custom' };
    await queue.add(event, job, { jobId: jobIdOf(job), attempts: ATTEMPTS, backoff, ...retention });
  }

  #openWorker(target: NotificationTarget, queue: NotificationQueue): Worker<NotificationJob> {
    const { state, times, logger } = this.#options;
    const { name } = target;
    const { initial, max } = times.retryDelay;
    const worker = new Worker<NotificationJob>(
      notificationQueueName(name),
      async (job, _token, signal) => this.#deliver(target, queue, job, signal),
      {
        connection: state.redis,
        prefix: state.keys.bullmq,
        autorun: false,
        concurrency: target.inOrder ? 1 : 5,
        limiter: target.rate,
        lockDuration: times.lockDuration,
        stalledInterval: times.stalledInterval,
        // A worker that dies while it delivers is no fault of the delivery.
        maxStalledCount: ATTEMPTS,
        settings: {
          backoffStrategy: (made) => retryDelay(made, { maxAttempts: ATTEMPTS, initial, max, random: Math.random }),
        },
        ...NOTIFICATION_RETENTION,
      },
    );
    worker.on('error', (error) => logger.debug({ target: name, error: error.message }, 'notification worker error'));
    worker.on('failed', (job, error) => this.#logFailure(name, job, error));
    return worker;
  }

  async #deliver(
    target: NotificationTarget,
    queue: NotificationQueue,
    job: Job<NotificationJob>,
    jobSignal: AbortSignal | undefined,
  ): Promise<void> {
    const { incidents, publicUrl, logger } = this.#options;
    const { notification, part } = job.data;
    const signal = AbortSignal.any([this.#stopping.signal, ...(jobSignal ? [jobSignal] : [])]);
    const news = await readNews(notification, incidents, publicUrl).catch(asRefused);
    if (!news) {
      logger.warn({ target: target.name, notification }, 'nothing is left of what was to be told');
      return;
    }
    try {
      const next = await target.deliver(news, part, signal);
      if (next) await this.#enqueue(queue, { notification, part: next });
      logger.info({ target: target.name, notification: news.id, part }, 'notified');
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      const { failure } = error;
      if (failure.kind === 'refused') throw new UnrecoverableError(error.message);
      if (failure.kind === 'failed') throw error;
      logger.warn({ target: target.name, seconds: failure.milliseconds / 1000 }, 'notifications are limited');
      await queue.rateLimit(failure.milliseconds);
      throw Worker.RateLimitError();
    }
  }

  #logFailure(target: string, job: Job<NotificationJob> | undefined, { message }: Error): void {
    const { logger } = this.#options;
    const fields = { target, notification: job?.data.notification, attempts: job?.attemptsMade, error: message };
    if (job?.finishedOn === undefined) logger.warn(fields, 'notification will be sent again');
    else logger.error(fields, 'notification was not delivered');
  }
}

function jobIdOf({ notification, part }: NotificationJob): string {
  return `${notificationId(notification)}-${part}`;
}

/** A row that cannot be read will not be read the next time either. */
function asRefused(error: unknown): never {
  if (error instanceof CorruptIncidentError) throw new UnrecoverableError(error.message);
  throw error;
}
