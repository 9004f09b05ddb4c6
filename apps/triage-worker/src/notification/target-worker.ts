import { backoff } from '@nightcrier/core/async/backoff';
import { type Notification, notificationId } from '@nightcrier/core/incidents/notification';
import type { Logger } from '@nightcrier/core/logger';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import {
  NOTIFICATION_RETENTION,
  type NotificationJob,
  type NotificationQueue,
  notificationQueueName,
} from '@nightcrier/state/notifications/notification-queue';
import type { State } from '@nightcrier/state/open-state';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { DeliveryError } from './delivery-error.ts';
import { readNotice } from './notice.ts';
import type { NotificationTarget } from './notification-target.ts';

/** Times of deliveries, in milliseconds. */
export interface DeliveryTimes {
  /** A delivery whose lock was not renewed for this long is stalled. */
  lockDuration: number;
  stalledInterval: number;
  /** Before the second attempt, and the longest such delay. */
  retryDelay: { initial: number; max: number };
}

export interface TargetWorkerOptions {
  state: Pick<State, 'redis' | 'keys' | 'openNotificationQueue'>;
  incidents: IncidentStore;
  /** `public_url` */
  publicUrl: string | undefined;
  times: DeliveryTimes;
  logger: Logger;
}

/** With the longest delay, for almost a day. */
const ATTEMPTS = 150;
/** Deliveries at once of a target without order. */
const CONCURRENCY = 5;

/** The queue of one target, and the worker that delivers what is in it. */
export class TargetWorker {
  readonly target: NotificationTarget;
  readonly #options: TargetWorkerOptions;
  readonly #queue: NotificationQueue;
  readonly #worker: Worker<NotificationJob>;
  readonly #abort = new AbortController();

  constructor(target: NotificationTarget, options: TargetWorkerOptions) {
    this.target = target;
    this.#options = options;
    this.#queue = options.state.openNotificationQueue(target.name);
    this.#worker = this.#openWorker();
  }

  /** Applies the order of the target to all workers; call it before {@link run}. */
  async prepare(): Promise<void> {
    if (this.target.inOrder) await this.#queue.setGlobalConcurrency(1);
  }

  /** Delivers until {@link stop}. Waits for Redis without limit. */
  async run(): Promise<void> {
    await this.#worker.run();
  }

  /** Lets deliveries finish for `patience` ms, then aborts them. What is queued stays for other workers or the next start. */
  async stop(patience: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort('the worker shuts down'), patience);
    await this.#worker.close();
    clearTimeout(timer);
    await this.#queue.close();
  }

  /**
   * Queues a notification; returns false if it has to stay in the outbox. A recurrence does while an earlier one of its
   * incident is queued, so that a target that is slow or unreachable collects no backlog.
   */
  async enqueue(notification: Notification): Promise<boolean> {
    const job: NotificationJob = { notification, part: 'message' };
    if (notification.event === 'incident_recurred' && (await this.#queue.getJob(jobIdOf(job)))) return false;
    await this.#add(job);
    return true;
  }

  async #add(job: NotificationJob): Promise<void> {
    const { event } = job.notification;
    const retention = event === 'incident_recurred' ? { removeOnComplete: true, removeOnFail: true } : {};
    const options = { jobId: jobIdOf(job), attempts: ATTEMPTS, backoff: { type: 'custom' }, ...retention };
    await this.#queue.add(event, job, options);
  }

  #openWorker(): Worker<NotificationJob> {
    const { state, times, logger } = this.#options;
    const { name, inOrder, rate } = this.target;
    const worker = new Worker<NotificationJob>(
      notificationQueueName(name),
      async (job, _token, signal) => this.#deliver(job, signal),
      {
        connection: state.redis,
        prefix: state.keys.bullmq,
        autorun: false,
        concurrency: inOrder ? 1 : CONCURRENCY,
        limiter: rate,
        lockDuration: times.lockDuration,
        stalledInterval: times.stalledInterval,
        // The death of a worker is no failure of the delivery.
        maxStalledCount: ATTEMPTS,
        settings: { backoffStrategy: (attempts) => backoff(attempts, times.retryDelay, Math.random()) },
        ...NOTIFICATION_RETENTION,
      },
    );
    worker.on('error', (error) => logger.debug({ target: name, error: error.message }, 'notification worker error'));
    worker.on('failed', (job, error) => this.#logFailure(job, error));
    return worker;
  }

  async #deliver(job: Job<NotificationJob>, jobSignal: AbortSignal | undefined): Promise<void> {
    const { incidents, publicUrl, logger } = this.#options;
    const { target } = this;
    const { notification, part } = job.data;
    const signal = AbortSignal.any([this.#abort.signal, ...(jobSignal ? [jobSignal] : [])]);
    const notice = await readNotice(notification, incidents, publicUrl).catch(asRefused);
    if (!notice) {
      logger.warn({ target: target.name, notification }, 'notification skipped; its incident is missing or open');
      return;
    }
    try {
      const next = await target.deliver(notice, part, signal);
      if (next) await this.#add({ notification, part: next });
      logger.info({ target: target.name, notification: notice.id, part }, 'notification delivered');
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      const { failure } = error;
      if (failure.kind === 'refused') throw new UnrecoverableError(error.message);
      if (failure.kind === 'failed') throw error;
      logger.warn({ target: target.name, seconds: failure.milliseconds / 1000 }, 'notifications rate limited');
      await this.#queue.rateLimit(failure.milliseconds);
      throw Worker.RateLimitError();
    }
  }

  #logFailure(job: Job<NotificationJob> | undefined, { message }: Error): void {
    const { logger } = this.#options;
    const target = this.target.name;
    const fields = { target, notification: job?.data.notification, attempts: job?.attemptsMade, error: message };
    if (job?.finishedOn === undefined) logger.warn(fields, 'notification delivery failed; retrying');
    else logger.error(fields, 'notification not delivered');
  }
}

function jobIdOf({ notification, part }: NotificationJob): string {
  return `${notificationId(notification)}-${part}`;
}

/** A row that cannot be read will not be readable at the next attempt. */
function asRefused(error: unknown): never {
  if (error instanceof CorruptIncidentError) throw new UnrecoverableError(error.message);
  throw error;
}
