import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import { type CancelRequest, cancelledReason } from '@nightcrier/core/incidents/cancel-request';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { Logger } from '@nightcrier/core/logger';
import type { Cancellations } from '@nightcrier/state/incidents/cancel';

/** Time between two polls for requests, ms. */
const INTERVAL_MS = 1_000;

/** An incident that this worker holds. Disposing of it ends the polling. */
export interface WatchedIncident extends Disposable {
  /** Aborted when the incident is to be cancelled. */
  signal: AbortSignal;
  /** The request, once the signal is aborted. */
  request(): CancelRequest | undefined;
}

/**
 * Polls Redis for requests to cancel the incidents that this worker holds. A request stays on the incident's row, so an
 * outage of Redis delays it and does not lose it.
 */
export class CancelWatch {
  readonly #cancellations: Pick<Cancellations, 'requested'>;
  readonly #watched = new Map<string, (request: CancelRequest) => void>();
  readonly #loop: BackgroundLoop;

  constructor(options: { cancellations: Pick<Cancellations, 'requested'>; logger: Logger }) {
    this.#cancellations = options.cancellations;
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

  watch(incidentId: string): WatchedIncident {
    const controller = new AbortController();
    let found: CancelRequest | undefined;
    this.#watched.set(incidentId, (request) => {
      found ??= request;
      controller.abort('cancellation was requested');
    });
    return {
      signal: controller.signal,
      request: () => found,
      [Symbol.dispose]: () => void this.#watched.delete(incidentId),
    };
  }

  async #poll(): Promise<void> {
    // ioredis sends them in one write.
    await Promise.all(
      [...this.#watched].map(async ([id, cancel]) => {
        const request = await this.#cancellations.requested(id);
        if (request) cancel(request);
      }),
    );
  }
}

/** Returns `cancelled` in place of an outcome that would have the incident tried again. A result of triage counts. */
export function orCancelled(outcome: TriageOutcome, request: CancelRequest | undefined): TriageOutcome {
  if (request === undefined || (outcome.kind !== 'retry' && outcome.kind !== 'requeue')) return outcome;
  return { kind: 'cancelled', reason: cancelledReason(request) };
}
