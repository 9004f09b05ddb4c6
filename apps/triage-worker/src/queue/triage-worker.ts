import type { Config } from '@nightcrier/core/settings/config';
import type { Incident } from '@nightcrier/core/incidents/incident';
import type { Logger } from '@nightcrier/core/logger';
import type { TriageCounters } from '@nightcrier/state/queue/triage-counters';
import { QUEUE_NAME, RETENTION, type TriageJob } from '@nightcrier/state/queue/triage-queue';
import { DelayedError, type Job, UnrecoverableError, Worker, type WorkerOptions, isNotConnectionError } from 'bullmq';
import { performance } from 'node:perf_hooks';
import type { Cancellations } from '@nightcrier/state/incidents/cancel';
import type { ClusterSlots } from '@nightcrier/state/queue/cluster-slots';
import { removeAgentContainers } from '../agent/run/remove-agent-containers.ts';
import { CancelWatch, orCancelled, type WatchedIncident } from './cancel-watch.ts';
import { takeSlot } from './cluster-slot.ts';
import type { RetryPolicy } from './retry-delay.ts';
import { type HeldJob, giveBack, settle } from './settle.ts';
import { StageClock } from '../stage-clock.ts';
import type { TriageContext } from '../triage-context.ts';
import { triage } from '../triage.ts';

/** How BullMQ finds out that a worker has died. Times in milliseconds. */
export interface LockSettings {
  /** A job that was not renewed for so long is anybody's; it is renewed at half of it. */
  lockDuration: number;
  /** Time between two looks for such jobs. */
  stalledInterval: number;
}

/** Long enough that a worker that hangs for a while does not have its incidents investigated twice. */
export const DEFAULT_LOCK: LockSettings = { lockDuration: 60_000, stalledInterval: 15_000 };

/** Of a worker without a share: `max_concurrent_agents`, which BullMQ keeps for all workers, is its bound. */
const MOST_AT_ONCE = 1_000;

export interface TriageWorkerParts {
  /** What the stages use; the worker adds what is each run's own. */
  context: Omit<TriageContext, 'afterwards' | 'signal' | 'stages'>;
  connection: WorkerOptions['connection'];
  /** BullMQ's `prefix` option. */
  prefix: string;
  counters: TriageCounters;
  slots: ClusterSlots;
  cancellations: Cancellations;
  retry: RetryPolicy;
  /** Has what is due to be told looked for at once. */
  wakeNotifier: () => void;
  lock: LockSettings;
}

/**
 * Takes incidents off the queue and has each investigated. Running → draining (claims nothing more, what runs may finish)
 * → aborting (what still runs is handed back) → closed; there is no way back.
 */
export class TriageWorker {
  #parts: TriageWorkerParts;
  readonly #logger: Logger;
  readonly #worker: Worker<TriageJob>;
  readonly #shutdown = new AbortController();
  readonly #cancelWatch: CancelWatch;
  /** Rows of jobs that BullMQ failed by itself, being brought to their end. */
  readonly #recording = new Set<Promise<void>>();
  #draining = false;

  constructor(parts: TriageWorkerParts) {
    const { config, logger } = parts.context;
    this.#parts = parts;
    this.#logger = logger;
    this.#cancelWatch = new CancelWatch({ cancellations: parts.cancellations, logger });
    this.#worker = new Worker<TriageJob>(
      QUEUE_NAME,
      async (job, token, signal) => this.#process(job, token ?? '', signal ?? this.#shutdown.signal),
      {
        connection: parts.connection,
        prefix: parts.prefix,
        name: parts.context.workerId,
        autorun: false,
        concurrency: MOST_AT_ONCE,
        // An incident that kills its workers must not take all of them. Once more than attempts, for the last resort.
        maxStalledCount: config.max_attempts,
        drainDelay: 5,
        ...parts.lock,
        ...RETENTION,
      },
    );
    this.#worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) this.#worker.cancelJob(id, 'the lock on the incident was lost');
    });
    this.#worker.on('stalled', (id) => logger.warn({ incident_id: id }, 'incident lost its worker and waits again'));
    this.#worker.on('failed', (job, error) => this.#recordFailure(job, error));
    this.#worker.on('error', (error) => this.#logError(error));
  }

  /** Works until {@link drain}. Waits for Redis as long as it takes. */
  async run(): Promise<void> {
    await this.#worker.run();
  }

  /**
   * So many incidents are investigated at once from now on; what runs beyond that may finish. A worker that is full takes
   * note of a greater number when one of its investigations ends.
   */
  limit(agents = MOST_AT_ONCE): void {
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
   * Claims nothing more, lets what runs finish for `milliseconds`, then aborts the rest and hands it back. Resolves when
   * all of it is settled.
   */
  async drain(milliseconds: number): Promise<void> {
    this.#draining = true;
    const timer = setTimeout(() => this.#shutdown.abort('the worker shuts down'), milliseconds);
    try {
      await this.#worker.close();
      await Promise.all(this.#recording);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The connection logs by itself when Redis is away and when it is back. */
  #logError(error: Error): void {
    const level = isNotConnectionError(error) ? 'warn' : 'debug';
    this.#logger[level]({ error }, 'queue worker error');
  }

  async #process(job: Job<TriageJob>, token: string, lockSignal: AbortSignal): Promise<void> {
    const { incident_id, cluster_name } = job.data;
    const logger = this.#logger.child({ incident_id, cluster: cluster_name });
    const held: HeldJob = { job, token, lockDuration: this.#parts.lock.lockDuration };
    try {
      // Fetched while the worker was told to stop; nothing has begun.
      if (this.#draining) return await giveBack(held);
      await this.#work(held, lockSignal, logger);
    } catch (error) {
      if (error instanceof DelayedError) await this.#cancelReleased(incident_id, logger);
      if (error instanceof DelayedError || error instanceof UnrecoverableError) throw error;
      // What became of the incident could not be written, so the job must not end either. BullMQ leaves it as it is after a
      // DelayedError; its lock is no longer renewed, and it is taken again as if this worker had died.
      logger.error({ error }, 'cannot persist outcome; retrying');
      throw new DelayedError();
    }
  }

  /** A request to cancel that came while the job was being given back was left to this worker. */
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
    // Asked for right behind it: one wait for Redis in place of two.
    const row = context.incidents.get(held.job.data.incident_id);
    // Without a slot nobody looks at it.
    row.catch(() => undefined);
    const slot = await taking;
    using cancel = this.#cancelWatch.watch(held.job.data.incident_id);
    const signal = AbortSignal.any([lockSignal, slot.lost, this.#shutdown.signal, cancel.signal]);
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
    const begun = performance.now();
    const id = held.job.data.incident_id;
    const outcome = orCancelled(await triage(id, row, { ...context, ...run }), cancel.request());
    if (outcome.kind === 'cancelled')
      run.afterwards.defer(async () => removeAgentContainers(id, { ...context, logger }));
    const seconds = Math.round(performance.now() - begun) / 1000;
    return settle(held, outcome, { incidents, counters, retry, notifications, wakeNotifier, logger, seconds });
  }

  /**
   * A job that has lost its worker too often is failed by BullMQ, by itself; then its row must say so. The other failed
   * jobs are those that `settle` failed, whose rows have ended already.
   */
  #recordFailure(job: Job<TriageJob> | undefined, error: Error): void {
    if (!job) {
      this.#logger.error({ error }, 'a job failed and is gone; its incident cannot be named');
      return;
    }
    const recording = this.#endRow(job.data.incident_id, error).finally(() => this.#recording.delete(recording));
    this.#recording.add(recording);
  }

  async #endRow(incidentId: string, { message }: Error): Promise<void> {
    const logger = this.#logger.child({ incident_id: incidentId });
    const reason = `its workers died or hung too often: ${message}`;
    try {
      const end = { state: 'failed', reason, notify: 'incident_failed' } as const;
      const { kind } = await this.#parts.context.incidents.finish(incidentId, end);
      if (kind !== 'changed') return;
      logger.error({ reason }, 'triage failed');
      this.#parts.wakeNotifier();
    } catch (error) {
      logger.error({ error }, 'end of a failed job could not be recorded');
    }
  }
}
