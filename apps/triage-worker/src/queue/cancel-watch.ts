import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import { type CancelRequest, cancelledReason } from '@nightcrier/core/incidents/cancel-request';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { Logger } from '@nightcrier/core/logger';
import type { Cancellations } from '@nightcrier/state/incidents/cancel';
import type { JobLocks, LockedJob } from '@nightcrier/state/queue/job-locks';

/** Time between two polls for requests, ms. */
const INTERVAL_MS = 1_000;

/** An incident that this worker holds. Disposing of it ends the polling. */
export interface WatchedIncident extends Disposable {
  /** Aborted when the incident is to be cancelled. */
  signal: AbortSignal;
  /** The request, once the signal is aborted. */
  request(): CancelRequest | undefined;
}

interface Watched {
  job: LockedJob;
  cancel: (request: CancelRequest) => void;
  lose: () => void;
}

export interface CancelWatchOptions {
  cancellations: Pick<Cancellations, 'requested'>;
  locks: Pick<JobLocks, 'lost'>;
  logger: Logger;
}

/**
 * Polls Redis for requests to cancel the incidents that this worker holds. A request stays on the incident's row, so an
 * outage of Redis delays it and does not lose it. A worker that was paused finds here that another one has its incidents, so
 * that the run that does not count is stopped at once; one whose locks expired because Redis refused writes takes them again.
 */
export class CancelWatch {
  readonly #cancellations: Pick<Cancellations, 'requested'>;
  readonly #locks: Pick<JobLocks, 'lost'>;
  readonly #watched = new Map<string, Watched>();
  readonly #loop: BackgroundLoop;

  constructor(options: CancelWatchOptions) {
    this.#cancellations = options.cancellations;
    this.#locks = options.locks;
    this.#loop = new BackgroundLoop(async () => this.#poll(), {
      interval: INTERVAL_MS,
      firstRun: 'after_interval',
      onError: (error) => options.logger.debug({ error }, 'poll for cancellations failed'),
    });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Checks the locks at once: BullMQ could not renew one. */
  wake(): void {
    this.#loop.wake();
  }

  /** @param job of the incident, with its id */
  watch(job: LockedJob): WatchedIncident {
    const controller = new AbortController();
    let found: CancelRequest | undefined;
    this.#watched.set(job.id, {
      job,
      cancel: (request) => {
        found ??= request;
        controller.abort('cancellation was requested');
      },
      lose: () => controller.abort('another worker has taken the incident'),
    });
    return {
      signal: controller.signal,
      request: () => found,
      [Symbol.dispose]: () => void this.#watched.delete(job.id),
    };
  }

  async #poll(): Promise<void> {
    // ioredis sends them in one write.
    await Promise.all(
      [...this.#watched].map(async ([id, { cancel }]) => {
        const request = await this.#cancellations.requested(id);
        if (request) cancel(request);
      }),
    );
    const jobs = [...this.#watched.values()].map(({ job }) => job);
    for (const id of await this.#locks.lost(jobs)) {
      const watched = this.#watched.get(id);
      // Another run of the incident may have begun here meanwhile.
      if (watched && jobs.includes(watched.job)) watched.lose();
    }
  }
}

/** Returns `cancelled` in place of an outcome that would have the incident tried again. A result of triage counts. */
export function orCancelled(outcome: TriageOutcome, request: CancelRequest | undefined): TriageOutcome {
  if (request === undefined || (outcome.kind !== 'retry' && outcome.kind !== 'requeue')) return outcome;
  return { kind: 'cancelled', reason: cancelledReason(request) };
}
