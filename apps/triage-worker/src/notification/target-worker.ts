import { backoff } from '@nightcrier/core/async/backoff';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import { notificationSeconds } from '@nightcrier/runtime/metrics/process-metrics';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { Delivery } from '@nightcrier/state/notifications/deliveries';
import {
  NOTIFICATION_RETENTION,
  type NotificationJob,
  type NotificationQueue,
  notificationQueueName,
} from '@nightcrier/state/notifications/notification-queue';
import type { State } from '@nightcrier/state/open-state';
import { isNotConnectionError, type Job, UnrecoverableError, Worker } from 'bullmq';
import { type Notice, readNotice } from './content/notice.ts';
import { DeliveryError } from './delivery-error.ts';
import type { JobQueue } from './dispatcher.ts';
import { recordSpan } from '@nightcrier/runtime/tracing/spans';
import type { NotificationTarget } from './notification-target.ts';

/** Times of deliveries, in milliseconds. */
export interface DeliveryTimes {
  /** A delivery whose lock was not renewed for this long is stalled. */
  lockDuration: number;
  stalledInterval: number;
  /** Before the second attempt, and the longest such delay. */
  retryDelay: { initial: number; max: number };
  /** Between two calls of a target's `refresh`. */
  refreshInterval: number;
}

export interface TargetWorkerOptions {
  state: Pick<
    State,
    | 'redis'
    | 'keys'
    | 'openNotificationQueue'
    | 'repairNotifications'
    | 'conversations'
    | 'deliveries'
    | 'receiverHealth'
  >;
  incidents: IncidentStore;
  /** `public_url` */
  publicUrl: string | undefined;
  times: DeliveryTimes;
  logger: Logger;
}

/** With the longest delay, for almost a day. */
const ATTEMPTS = 150;
/** Characters kept of an error. */
const LONGEST_ERROR = 300;
/** Deliveries at once of a target without order. */
const CONCURRENCY = 5;

/** The queue of one target, and the worker that delivers what is in it. */
export class TargetWorker implements JobQueue {
  readonly target: NotificationTarget;
  readonly #options: TargetWorkerOptions;
  readonly #queue: NotificationQueue;
  readonly #worker: Worker<NotificationJob>;
  readonly #refresh: BackgroundLoop | undefined;
  readonly #abort = new AbortController();
  #isRepairing = false;

  constructor(target: NotificationTarget, options: TargetWorkerOptions) {
    this.target = target;
    this.#options = options;
    this.#queue = options.state.openNotificationQueue(target.id);
    this.#worker = this.#openWorker();
    if (target.refresh) {
      this.#refresh = new BackgroundLoop(async () => this.#refreshTarget(), {
        interval: options.times.refreshInterval,
        firstRun: 'after_interval',
        onError: (error) => options.logger.debug({ target: target.id, error }, 'target not refreshed'),
      });
    }
  }

  get id(): string {
    return this.target.id;
  }

  /** Applies the order of the target to all workers; call it before {@link run}. */
  async prepare(): Promise<void> {
    const { id, inOrder } = this.target;
    if (inOrder) await this.#queue.setGlobalConcurrency(1);
    await this.#options.state.receiverHealth.register(id, this.target);
    this.#refresh?.start();
  }

  /** Delivers until {@link stop}. Waits for Redis without limit. */
  async run(): Promise<void> {
    await this.#worker.run();
  }

  /** Lets deliveries finish for `patience` ms, then aborts them. What is queued stays for other workers or the next start. */
  async stop(patience: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort('the worker shuts down'), patience);
    await Promise.all([this.#worker.close(), this.#refresh?.stop()]);
    clearTimeout(timer);
    await this.#queue.close();
  }

  /**
   * Queues a notification; returns false if it has to stay in the outbox. A recurrence does while an earlier one of its
   * problem is queued, so that a target that is slow or unreachable collects no backlog.
   */
  async enqueue(jobId: string, job: NotificationJob): Promise<boolean> {
    if (isRecurrence(job) && (await this.#queue.getJob(jobId))) return false;
    const event = job.problem?.event ?? job.notification?.event ?? 'notification';
    const retention = isRecurrence(job) ? { removeOnComplete: true, removeOnFail: true } : {};
    await this.#queue.add(event, job, { jobId, attempts: ATTEMPTS, backoff: { type: 'custom' }, ...retention });
    return true;
  }

  #openWorker(): Worker<NotificationJob> {
    const { state, times, logger } = this.#options;
    const { id, inOrder, rate } = this.target;
    const worker = new Worker<NotificationJob>(
      notificationQueueName(id),
      async (job, _token, signal) => this.#process(job, signal),
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
    worker.on('error', (error) => {
      logger.debug({ target: id, error: error.message }, 'notification worker error');
      if (isNotConnectionError(error)) this.#repair();
    });
    worker.on('failed', (job, error) => this.#logFailure(job, error));
    return worker;
  }

  /** BullMQ fails again and again where a structure of the queue is damaged. */
  #repair(): void {
    if (this.#isRepairing) return;
    this.#isRepairing = true;
    const { state, logger } = this.#options;
    const repair = async (): Promise<void> => {
      await state.repairNotifications(this.id);
      if (this.target.inOrder) await this.#queue.setGlobalConcurrency(1);
    };
    repair()
      .catch((error: unknown) => logger.debug({ target: this.id, error }, 'notification queue not repaired'))
      .finally(() => (this.#isRepairing = false));
  }

  async #process(job: Job<NotificationJob>, jobSignal: AbortSignal | undefined): Promise<void> {
    const { incidents, publicUrl, logger } = this.#options;
    const { id } = this.target;
    const signal = AbortSignal.any([this.#abort.signal, ...(jobSignal ? [jobSignal] : [])]);
    const notice = await readNotice(job.data, incidents, publicUrl).catch(asRefused);
    if (!notice) {
      const { notification } = job.data;
      logger.warn({ target: id, notification }, 'notification skipped; its incident is missing or open');
    } else if (await this.#isOutdated(notice)) {
      logger.info({ target: id, notification: notice.id }, 'notification skipped; a later one was delivered');
    } else {
      await this.#deliver(notice, job, signal);
    }
  }

  /** Whether the target already shows a later state of the problem. */
  async #isOutdated({ subject, sequence }: Notice): Promise<boolean> {
    if (!this.target.keepsState || sequence === undefined) return false;
    const last = await this.#options.state.conversations.lastDelivered(subject, this.target.id);
    return last !== undefined && last > sequence;
  }

  async #deliver(notice: Notice, { id: jobId = '', data }: Job<NotificationJob>, signal: AbortSignal): Promise<void> {
    const { state, logger } = this.#options;
    const { target } = this;
    const { part } = data;
    const began = performance.now();
    const start = Date.now();
    const observe = (outcome: 'delivered' | 'retried' | 'failed'): void => {
      notificationSeconds.observe({ receiver_type: target.kind, outcome }, (performance.now() - began) / 1000);
      traceDelivery(notice, target, { start, outcome });
    };
    try {
      const next = await target.deliver(notice, part, signal);
      if (target.keepsState && notice.sequence !== undefined)
        await state.conversations.delivered(notice.subject, target.id, notice.sequence);
      if (next) await this.enqueue(jobId.replace(/-message$/, `-${next}`), { ...data, part: next });
      logger.info({ target: target.id, notification: notice.id, part }, 'notification delivered');
      await state.receiverHealth.delivered(target.id, target);
      if (part === 'message') this.#recordDelivery(notice.subject, notice, { outcome: 'delivered' });
      observe('delivered');
    } catch (error) {
      observe(error instanceof DeliveryError && error.failure.kind === 'refused' ? 'failed' : 'retried');
      if (!(error instanceof DeliveryError)) throw error;
      const { failure } = error;
      if (failure.kind === 'refused') throw new UnrecoverableError(error.message);
      if (failure.kind === 'failed') throw error;
      logger.warn({ target: target.id, seconds: failure.milliseconds / 1000 }, 'notifications rate limited');
      await this.#queue.rateLimit(failure.milliseconds);
      throw Worker.RateLimitError();
    }
  }

  async #refreshTarget(): Promise<void> {
    const { state, logger } = this.#options;
    const { target } = this;
    try {
      await target.refresh?.(this.#abort.signal);
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      logger.warn({ target: target.id, error: error.message }, 'firing problems not posted again');
      await state.receiverHealth.failed(target.id, target, hideSecrets(error.message));
    }
  }

  #logFailure(job: Job<NotificationJob> | undefined, error: Error): void {
    const { state, logger } = this.#options;
    const target = this.target.id;
    const notification = job?.data.problem?.id ?? job?.data.notification;
    const fields = { target, notification, attempts: job?.attemptsMade, error: error.message };
    if (job?.finishedOn === undefined) logger.warn(fields, 'notification delivery failed; retrying');
    else logger.error(fields, 'notification not delivered');
    const problem = job?.data.problem;
    if (problem && job.finishedOn !== undefined && job.data.part === 'message') {
      const result = { outcome: 'failed', error: hideSecrets(error.message).slice(0, LONGEST_ERROR) } as const;
      const { event, problem: about } = problem;
      this.#recordDelivery(`${about.cluster}/${about.key}`, { event, repeat: job.data.repeat === true }, result);
    }
    if (error instanceof UnrecoverableError) return;
    state.receiverHealth
      .failed(target, this.target, hideSecrets(error.message))
      .catch((cause: unknown) => logger.debug({ target, error: cause }, 'receiver health not written'));
  }

  /** For people only: that it cannot be written fails no delivery. */
  #recordDelivery(
    problem: string,
    { event, repeat }: Pick<Notice, 'event' | 'repeat'>,
    result: Pick<Delivery, 'outcome' | 'error'>,
  ): void {
    const { state, logger } = this.#options;
    const target = this.target.id;
    state.deliveries
      .record(problem, { at: Date.now(), target, event, ...(repeat && { repeat }), ...result })
      .catch((error: unknown) => logger.debug({ target, error }, 'delivery not recorded'));
  }
}

function isRecurrence({ problem, notification, repeat }: NotificationJob): boolean {
  return !repeat && (problem?.event ?? notification?.event)?.endsWith('recurred') === true;
}

/** A row that cannot be read will not be readable at the next attempt. */
function asRefused(error: unknown): never {
  if (error instanceof CorruptIncidentError) throw new UnrecoverableError(error.message);
  throw error;
}

function traceDelivery(
  { incident, event }: Notice,
  { id, kind }: NotificationTarget,
  { start, outcome }: { start: number; outcome: string },
): void {
  if (incident === undefined) return;
  recordSpan({
    incidentId: incident.incident_id,
    name: 'delivery',
    start,
    end: Date.now(),
    attributes: { 'nightcrier.target': id, 'nightcrier.receiver_type': kind, 'nightcrier.event': event },
    ...(outcome !== 'delivered' && { error: outcome }),
  });
}
