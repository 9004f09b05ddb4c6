import type { Config } from '@nightcrier/core/settings/config';
import type { Incident } from '@nightcrier/core/incidents/incident';
import type { Logger } from '@nightcrier/core/logger';
import type { TriageCounters } from '@nightcrier/state/queue/triage-counters';
import { QUEUE_NAME } from '@nightcrier/state/redis/keys';
import { RETENTION, type TriageJob } from '@nightcrier/state/queue/triage-queue';
import { DelayedError, type Job, UnrecoverableError, Worker, type WorkerOptions, isNotConnectionError } from 'bullmq';
import { performance } from 'node:perf_hooks';
import { isIncidentId } from '@nightcrier/state/incidents/incident-id';
import type { Cancellations } from '@nightcrier/state/incidents/cancel';
import { whenWritable } from '@nightcrier/state/redis/when-writable';
import type { JobLocks } from '@nightcrier/state/queue/job-locks';
import type { ClusterSlots } from '@nightcrier/state/queue/cluster-slots';
import { removeAgentContainers } from '../agent/run/remove-agent-containers.ts';
import { CancelWatch, orCancelled, type WatchedIncident } from './cancel-watch.ts';
import { takeSlot } from './cluster-slot.ts';
import type { RetryPolicy } from './disposition.ts';
import { FailedJobs } from './failed-jobs.ts';
import { type HeldJob, giveBack, settle } from './settle.ts';
import { WorkerStateTracker } from './worker-state.ts';
import { traceTriage } from './trace-triage.ts';
import { StageClock } from '../stage-clock.ts';
import type { TriageContext } from '../triage-context.ts';
import { triage } from '../triage.ts';

/** When BullMQ considers a worker dead. Times in milliseconds. */
export interface LockSettings {
  /** A job whose lock was not renewed for this long is stalled; the lock is renewed at half of it. */
  lockDuration: number;
  /** Time between two checks for stalled jobs. */
  stalledInterval: number;
}

/** Long enough that a worker that hangs for a while does not have its incidents investigated twice. */
export const DEFAULT_LOCK: LockSettings = { lockDuration: 60_000, stalledInterval: 15_000 };

/** Limit of a worker without a share: BullMQ enforces `max_concurrent_agents` over all workers. */
const NO_SHARE = 1_000;

export interface TriageWorkerParts {
  /** What the stages use; the worker adds what belongs to one run. */
  context: Omit<TriageContext, 'afterwards' | 'signal' | 'stages'>;
  connection: WorkerOptions['connection'];
  /** Of BullMQ's keys. */
  prefix: string;
  counters: TriageCounters;
  slots: ClusterSlots;
  cancellations: Cancellations;
  locks: JobLocks;
  retry: RetryPolicy;
  /** Wakes the notifier: a notification is due. */
  wakeNotifier: () => void;
  lock: LockSettings;
  /** BullMQ has failed other than by a lost connection: a job may be damaged. */
  onQueueError: () => void;
}

/** Claims incidents from the queue and runs triage on each. Its states: see {@link WorkerStateTracker}. */
export class TriageWorker {
  #parts: TriageWorkerParts;
  readonly #logger: Logger;
  readonly #state: WorkerStateTracker;
  readonly #worker: Worker<TriageJob>;
  readonly #cancelWatch: CancelWatch;
  readonly #failedJobs: FailedJobs;
  #drained: Promise<void> | undefined;

  constructor(parts: TriageWorkerParts) {
    const { logger, incidents } = parts.context;
    this.#parts = parts;
    this.#logger = logger;
    this.#state = new WorkerStateTracker(logger);
    this.#cancelWatch = new CancelWatch({ cancellations: parts.cancellations, locks: parts.locks, logger });
    this.#failedJobs = new FailedJobs({ incidents, slots: parts.slots, wakeNotifier: parts.wakeNotifier, logger });
    this.#worker = this.#openWorker(parts);
  }

  /** Begins the tokens of the locks of this worker. */
  get id(): string {
    return this.#worker.id;
  }

  /** Claims incidents until {@link drain}. Waits for Redis without limit. */
  async run(): Promise<void> {
    this.#state.change('running');
    this.#cancelWatch.start();
    await this.#worker.run();
  }

  /**
   * Limits the investigations of this worker from now on; running ones beyond the limit may finish. A worker that is full
   * applies a higher limit when one of its investigations ends.
   */
  limit(agents = NO_SHARE): void {
    this.#worker.concurrency = agents;
  }

  /** Applies a changed configuration to the investigations that start from now on. */
  configure(config: Config): void {
    const { context, retry } = this.#parts;
    const { max_attempts: maxAttempts } = config;
    this.#parts = { ...this.#parts, context: { ...context, config }, retry: { ...retry, maxAttempts } };
    this.#worker.opts.maxStalledCount = maxAttempts;
  }

  /**
   * Claims nothing more, lets running investigations finish for `milliseconds`, then aborts and requeues the rest. Resolves
   * when all outcomes are written. Concurrent calls share one drain.
   */
  drain(milliseconds: number): Promise<void> {
    this.#drained ??= this.#drain(milliseconds);
    return this.#drained;
  }

  async #drain(milliseconds: number): Promise<void> {
    this.#state.change('draining');
    const timer = setTimeout(() => this.#state.change('aborting'), milliseconds);
    try {
      await this.#worker.close();
      await this.#failedJobs.settled();
    } finally {
      clearTimeout(timer);
      await this.#cancelWatch.stop();
      this.#state.change('closed');
    }
  }

  #openWorker({ context, connection, prefix, lock }: TriageWorkerParts): Worker<TriageJob> {
    const worker = new Worker<TriageJob>(
      QUEUE_NAME,
      async (job, token, signal) => this.#process(job, token ?? '', signal ?? this.#state.aborted),
      {
        connection,
        prefix,
        name: context.workerId,
        autorun: false,
        concurrency: NO_SHARE,
        // An incident that crashes its workers must not crash all of them. One more than attempts, for the last resort.
        maxStalledCount: context.config.max_attempts,
        drainDelay: 5,
        // See LiveWorkers: BullMQ's check does not know which workers live.
        skipStalledCheck: true,
        ...lock,
        ...RETENTION,
      },
    );
    // The job may still be this worker's.
    worker.on('lockRenewalFailed', () => this.#cancelWatch.wake());
    worker.on('failed', (job, error) => this.#failedJobs.record(job, error));
    worker.on('error', (error) => {
      this.#logError(error);
      if (isNotConnectionError(error)) this.#parts.onQueueError();
    });
    return worker;
  }

  /** The connection itself logs when it is lost and restored. */
  #logError(error: Error): void {
    const level = isNotConnectionError(error) ? 'warn' : 'debug';
    this.#logger[level]({ error }, 'queue worker error');
  }

  async #process(job: Job<TriageJob>, token: string, lockSignal: AbortSignal): Promise<void> {
    const { incident_id, cluster_name } = job.data;
    const logger = this.#logger.child({ incident_id, cluster: cluster_name });
    // It would become the name of a folder.
    if (!isIncidentId(incident_id) || job.id !== incident_id)
      throw new UnrecoverableError(`job ${job.id} is not that of incident ${JSON.stringify(incident_id)}`);
    const waits = { logger, signal: this.#state.aborted, waiting: 'outcome' } as const;
    const { lock, locks } = this.#parts;
    const locked = { id: incident_id, token, starts: job.attemptsStarted };
    const held: HeldJob = {
      job,
      token,
      locked,
      lockDuration: lock.lockDuration,
      renew: async () => locks.renew(locked),
      persist: async (write) => whenWritable(write, waits),
    };
    try {
      // Fetched while the worker began to drain; nothing has started.
      if (this.#state.state !== 'running') return await giveBack(held);
      await this.#work(held, lockSignal, logger);
    } catch (error) {
      if (error instanceof DelayedError) await this.#cancelReleased(incident_id, logger);
      if (error instanceof DelayedError || error instanceof UnrecoverableError) throw error;
      // Without its outcome written the job must not end. BullMQ leaves the job as it is after a DelayedError; its lock
      // expires, and another worker takes it as stalled.
      logger.error({ error }, 'cannot persist outcome; retrying');
      throw new DelayedError();
    }
  }

  /** Applies a request to cancel that came while the job was being requeued. */
  async #cancelReleased(incidentId: string, logger: Logger): Promise<void> {
    try {
      const reason = await this.#parts.cancellations.cancelReleased(incidentId);
      if (reason !== undefined) logger.info({ state: 'cancelled', reason }, 'waiting incident cancelled');
    } catch (error) {
      logger.warn({ error }, 'cancellation not checked; the next claim of the incident checks it');
    }
  }

  async #work(held: HeldJob, lockSignal: AbortSignal, logger: Logger): Promise<void> {
    const { slots, context } = this.#parts;
    const stages = new StageClock();
    const taking = stages.time('slot', takeSlot(held, slots, logger));
    // Sent right behind it: one round trip instead of two.
    const row = context.incidents.get(held.job.data.incident_id);
    // Not read without a slot.
    row.catch(() => undefined);
    const slot = await taking;
    using cancel = this.#cancelWatch.watch(held.locked);
    const signal = AbortSignal.any([lockSignal, slot.lost, this.#state.aborted, cancel.signal]);
    await using afterwards = new AsyncDisposableStack();
    afterwards.defer(() => slot.give());
    await this.#investigate(held, row, cancel, { afterwards, signal, stages, logger });
  }

  async #investigate(
    held: HeldJob,
    row: Promise<Incident | undefined>,
    cancel: WatchedIncident,
    run: Pick<TriageContext, 'afterwards' | 'signal' | 'stages' | 'logger'>,
  ): Promise<void> {
    const { logger } = run;
    const { counters, retry, context, wakeNotifier } = this.#parts;
    const { incidents, config: notifications } = context;
    const startedAt = performance.now();
    const id = held.job.data.incident_id;
    const claimedAt = Date.now();
    const outcome = orCancelled(await triage(id, row, { ...context, ...run }), cancel.request());
    await traceTriage(held.job, { row, claimedAt, outcome, stages: run.stages });
    if (outcome.kind === 'cancelled')
      run.afterwards.defer(async () => removeAgentContainers(id, { ...context, logger }));
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    return settle(held, outcome, { incidents, counters, retry, notifications, wakeNotifier, logger, seconds });
  }
}
