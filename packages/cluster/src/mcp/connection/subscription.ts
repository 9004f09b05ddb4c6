import type { Logger } from '@nightcrier/core/logger';
import { z } from 'zod';
import { ConnectionError } from '../session/connection-error.ts';
import {
  EVENTS_LOGGER,
  FAULTS_LOGGER,
  parseNotification,
  SUBSCRIPTION_ERROR_LOGGER,
} from '../../sources/parse-notification.ts';
import type { McpSession } from '../session/session.ts';
import { SUBSCRIBE_TOOL, subscribedOf, UNSUBSCRIBE_TOOL } from '../session/tools.ts';

/** The little that routing needs; everything else is judged where the fault is parsed. */
const Envelope = z.object({
  logger: z.string().optional().catch(undefined),
  data: z
    .object({ subscriptionId: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

/** What a server can be asked to push. */
export type SubscriptionMode = 'faults' | 'events';

export interface Subscribed {
  id: string;
  cluster: string | undefined;
}

export interface SubscriptionOptions {
  clusterName: string;
  endpoint: string;
  logger: Logger;
  /** Each fault or event, as it came. */
  onReceived: (params: unknown) => void;
  /** The server says that the subscription is in trouble. */
  onDegraded: (message: string) => void;
  onLost: (error: ConnectionError) => void;
}

/**
 * A session's subscription. It lets through what belongs to it and acts on what the server says about it. A new one is
 * made for each session, so that nothing of an old connection gets through.
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  #id: string | undefined;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /**
   * Subscribes.
   * @param timeout ms; the server answers only when its caches are filled, so this takes a while on a large cluster
   * @returns the subscription's id, and what the server calls the cluster, if it tells
   * @throws ConnectionError
   */
  async subscribe(session: McpSession, mode: SubscriptionMode, timeout: number): Promise<Subscribed> {
    const { endpoint } = this.#options;
    const args = mode === 'events' ? { mode, type: 'Warning' } : { mode };
    const answer = await session.call(SUBSCRIBE_TOOL, args, timeout);
    if (answer.isError)
      throw new ConnectionError('subscribe_refused', `${endpoint}: ${SUBSCRIBE_TOOL}: ${answer.text}`);
    const { id, cluster } = subscribedOf(answer);
    if (id === undefined) {
      const message = `${endpoint}: ${SUBSCRIBE_TOOL}: the answer has no subscriptionId: ${answer.text.slice(0, 100)}`;
      throw new ConnectionError('subscribe_refused', message);
    }
    this.#id = id;
    return { id, cluster };
  }

  /** Best effort: a server that cannot be told finds out when the session ends. */
  async unsubscribe(session: McpSession, timeout: number): Promise<void> {
    if (this.#id === undefined) return;
    const subscriptionId = this.#id;
    this.#id = undefined;
    await session.call(UNSUBSCRIBE_TOOL, { subscriptionId }, timeout).catch((error: unknown) => {
      this.#options.logger.debug({ error: String(error) }, 'could not unsubscribe');
    });
  }

  /** Takes `params` of a `notifications/message`. */
  receive(params: unknown): void {
    const { logger, data: { subscriptionId } = {} } = Envelope.safeParse(params).data ?? {};
    // Faults can overtake the answer to the subscribe call; until it is there, all that the new session sends is ours.
    const foreign = this.#id !== undefined && subscriptionId !== undefined && subscriptionId !== this.#id;
    if (foreign) {
      this.#options.logger.debug({ subscriptionId }, 'notification of another subscription dropped');
      return;
    }
    switch (logger) {
      case FAULTS_LOGGER:
      case EVENTS_LOGGER:
        this.#options.onReceived(params);
        return;
      case SUBSCRIPTION_ERROR_LOGGER:
        this.#receiveError(params);
        return;
      default:
        this.#options.logger.debug({ from: logger }, 'notification of no interest');
    }
  }

  #receiveError(params: unknown): void {
    const { clusterName, endpoint, logger, onDegraded, onLost } = this.#options;
    const parsed = parseNotification(params, { clusterName, now: new Date() });
    if (parsed.kind !== 'subscription-error') return;
    logger.warn({ error: parsed.message, degraded: parsed.degraded }, 'server reports a subscription error');
    onDegraded(parsed.message);
    // A degraded subscription no longer sees the whole cluster, and nothing says when it does again: start anew.
    if (parsed.degraded) {
      onLost(new ConnectionError('subscription_lost', `${endpoint}: subscription degraded: ${parsed.message}`));
    }
  }
}
