import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { refusalOf, type Subscription, type SubscriptionRequest } from './subscription.ts';

const MAX_PER_SESSION = 10;
const MAX_IN_ALL = 100;

/** All subscriptions of one MCP server, with its limits. */
export class Subscriptions {
  readonly #byId = new Map<string, Subscription>();
  readonly #created = new EventEmitter();
  /** Subscriptions whose session ended before they were cancelled. */
  leakedWatches = 0;

  get size(): number {
    return this.#byId.size;
  }

  [Symbol.iterator](): Iterator<Subscription> {
    // A copy, since a subscription may be cancelled during delivery.
    return [...this.#byId.values()][Symbol.iterator]();
  }

  /** Throws, with the text of the real server, if a filter is invalid or a limit is reached. */
  create(sessionId: string, request: SubscriptionRequest, now: Date): Subscription {
    const refusal = refusalOf(request);
    if (refusal !== undefined) throw new Error(refusal);
    if (this.ofSession(sessionId).length >= MAX_PER_SESSION) {
      throw new Error(`failed to create subscription: session has reached maximum subscriptions (${MAX_PER_SESSION})`);
    }
    if (this.#byId.size >= MAX_IN_ALL) {
      throw new Error(`failed to create subscription: server has reached maximum subscriptions (${MAX_IN_ALL})`);
    }
    const { mode, ...filters } = request;
    const subscription: Subscription = {
      id: `sub-${randomUUID().slice(0, 8)}`,
      sessionId,
      mode,
      filters,
      createdAt: now,
      degraded: false,
    };
    this.#byId.set(subscription.id, subscription);
    this.#created.emit('created');
    return subscription;
  }

  ofSession(sessionId: string): Subscription[] {
    return [...this.#byId.values()].filter((subscription) => subscription.sessionId === sessionId);
  }

  /** Cancels a subscription of this session. Returns whether it existed. */
  cancel(sessionId: string, id: string): boolean {
    return this.#byId.get(id)?.sessionId === sessionId && this.#byId.delete(id);
  }

  /** Drops the subscriptions of a session that has ended. The watches behind them go on, as in the real server. */
  cancelSession(sessionId: string): void {
    for (const { id } of this.ofSession(sessionId)) {
      this.#byId.delete(id);
      this.leakedWatches += 1;
    }
  }

  /** Resolves when there is a subscription. Rejects when the signal aborts first. */
  async waitForOne(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#byId.size === 0) await once(this.#created, 'created', { signal });
  }
}
