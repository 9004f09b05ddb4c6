import type { Pulses } from '@nightcrier/state/leases/heartbeat';

/** A connection that was closed for another reason than the end of its process is open again within this time, ms: it is tried after 200. */
const RECONNECTED_WITHIN_MS = 400;

interface Loss {
  /** By the clock of the observer, ms. */
  observedAt: number;
  /** Until when the ingester counted as running then, by Redis's clock. */
  runsUntil: number;
}

/**
 * Finds the other ingesters whose process has ended, long before their sign of life is over: the connection of each one was open, is
 * closed, and nothing has come from it for longer than a reconnect takes. One that lives gives a sign of life with the reconnect. Each
 * connection is found lost once. When the observer itself connects again, the others do so as well: it observes them anew.
 */
export class LostConnections {
  readonly #id: string;
  /** The ingesters whose connection was open: undefined as long as it is. */
  readonly #losses = new Map<string, Loss | undefined>();

  /** @param id of the observer */
  constructor(id: string) {
    this.#id = id;
  }

  /** Forgets what was observed over a connection of the observer that was closed. */
  reconnected(): void {
    this.#losses.clear();
  }

  /** Notes which connections are open. @param at ms of a clock that is never set */
  observe({ now, runsUntil, connected }: Pulses, at: number): void {
    for (const id of connected) if (id !== this.#id) this.#losses.set(id, undefined);
    for (const [id, loss] of this.#losses) {
      if (connected.has(id)) continue;
      const until = runsUntil.get(id) ?? 0;
      if (until <= now || (loss && loss.runsUntil !== until)) this.#losses.delete(id);
      else if (!loss) this.#losses.set(id, { observedAt: at, runsUntil: until });
    }
  }

  /** Returns the ingesters that have had the time for a reconnect, and until when they counted as running at the loss. */
  confirmable(at: number): Map<string, number> {
    const lost = [...this.#losses].flatMap(([id, loss]): [string, number][] =>
      loss && at - loss.observedAt >= RECONNECTED_WITHIN_MS ? [[id, loss.runsUntil]] : [],
    );
    return new Map(lost);
  }

  /** Returns the time until a loss can be confirmed, ms; Infinity without one. */
  untilConfirmable(at: number): number {
    const waits = [...this.#losses.values()].flatMap((loss) =>
      loss ? [loss.observedAt + RECONNECTED_WITHIN_MS - at] : [],
    );
    return Math.max(0, Math.min(...waits, Infinity));
  }
}
