import type { Logger } from '@nightcrier/core/logger';
import type { ParsedNotification } from '../../sources/parse-notification.ts';
import { ConnectionError } from '../session/connection-error.ts';
import type { McpSession } from '../session/session.ts';
import { SUBSCRIBE_TOOL, subscribedOf, UNSUBSCRIBE_TOOL } from '../session/tools.ts';

/** What a server can be asked to push. */
export type SubscriptionMode = 'faults' | 'events';

export interface Subscribed {
  id: string;
  cluster: string | undefined;
}

/** A fault or an event that a server pushed, readable or not. */
export type PushedNotification = Exclude<ParsedNotification, { kind: 'subscription-error' }>;

export interface SubscriptionOptions {
  endpoint: string;
  logger: Logger;
  /** Receives each notification of this subscription that is a fault or an event, readable or not. */
  onNotification: (notification: PushedNotification) => void;
  /** The server reports an error of the subscription. */
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

  receive(notification: ParsedNotification): void {
    const { logger, onNotification } = this.#options;
    const { subscriptionId } = notification;
    // Faults can overtake the answer to the subscribe call; until it is there, all that the new session sends is ours.
    if (this.#id !== undefined && subscriptionId !== undefined && subscriptionId !== this.#id) {
      logger.debug({ subscription: subscriptionId }, 'notification of another subscription dropped');
    } else if (notification.kind === 'subscription-error') {
      this.#receiveError(notification);
    } else if (notification.kind === 'ignored' && notification.reason === 'other_logger') {
      logger.debug({}, 'notification of another logger ignored');
    } else {
      onNotification(notification);
    }
  }

  #receiveError({ message, degraded }: { message: string; degraded: boolean }): void {
    const { endpoint, logger, onDegraded, onLost } = this.#options;
    logger.warn({ error: message, degraded }, 'subscription error reported by server');
    onDegraded(message);
    // A degraded subscription misses faults, and the server does not report when it recovers: start over.
    if (degraded) onLost(new ConnectionError('subscription_lost', `${endpoint}: subscription degraded: ${message}`));
  }
}
