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
 * Polls Redis for requests to cancel the incidents that this worker holds, while it holds any. A request stays on the
 * incident's row, so an outage of Redis delays it and does not lose it.
 */
export class CancelWatch {
  readonly #cancellations: Pick<Cancellations, 'requested'>;
  readonly #logger: Logger;
  readonly #watched = new Map<string, (request: CancelRequest) => void>();
  #timer: NodeJS.Timeout | undefined;
  #polling = false;

  constructor(options: { cancellations: Pick<Cancellations, 'requested'>; logger: Logger }) {
    this.#cancellations = options.cancellations;
    this.#logger = options.logger;
  }

  watch(incidentId: string): WatchedIncident {
    const controller = new AbortController();
    let found: CancelRequest | undefined;
    this.#watched.set(incidentId, (request) => {
      found ??= request;
      controller.abort('cancellation was requested');
    });
    this.#timer ??= setInterval(() => void this.#poll(), INTERVAL_MS);
    return {
      signal: controller.signal,
      request: () => found,
      [Symbol.dispose]: () => this.#forget(incidentId),
    };
  }

  #forget(incidentId: string): void {
    this.#watched.delete(incidentId);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      // ioredis sends them in one go.
      await Promise.all(
        [...this.#watched].map(async ([id, cancel]) => {
          const request = await this.#cancellations.requested(id);
          if (request) cancel(request);
        }),
      );
    } catch (error) {
      this.#logger.debug({ error }, 'poll for cancellations failed');
    } finally {
      this.#polling = false;
    }
  }
}

/** Returns `cancelled` in place of an outcome that would have the incident tried again. A result of triage counts. */
export function orCancelled(outcome: TriageOutcome, request: CancelRequest | undefined): TriageOutcome {
  if (request === undefined || (outcome.kind !== 'retry' && outcome.kind !== 'requeue')) return outcome;
  return { kind: 'cancelled', reason: cancelledReason(request) };
}
