import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { refusalOf, type Subscription, type SubscriptionRequest } from './subscription.ts';

const MAX_PER_SESSION = 10;
const MAX_IN_ALL = 100;

/** All subscriptions of one MCP server, with the server's caps. */
export class Subscriptions {
  readonly #byId = new Map<string, Subscription>();
  readonly #created = new EventEmitter();

  get size(): number {
    return this.#byId.size;
  }

  /** Sessions that have at least one. */
  get subscribers(): number {
    return new Set([...this.#byId.values()].map(({ sessionId }) => sessionId)).size;
  }

  [Symbol.iterator](): Iterator<Subscription> {
    // A copy: a subscription may be cancelled while it is delivered to.
    return [...this.#byId.values()][Symbol.iterator]();
  }

  /** Throws, with the server's text, when a filter is invalid or a cap is reached. */
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

  /** Whether there was one of this id in this session; other sessions' subscriptions are out of reach. */
  cancel(sessionId: string, id: string): boolean {
    return this.#byId.get(id)?.sessionId === sessionId && this.#byId.delete(id);
  }

  cancelSession(sessionId: string): void {
    for (const { id } of this.ofSession(sessionId)) this.#byId.delete(id);
  }

  /** Resolves when there is a subscription; rejects when the signal aborts first. */
  async waitForOne(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#byId.size === 0) await once(this.#created, 'created', { signal });
  }
}
