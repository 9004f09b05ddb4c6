import type { Logger } from '@nightcrier/core/logger';
import type { ParsedNotification } from '../../sources/parse-notification.ts';
import { ConnectionError } from '../session/connection-error.ts';
import type { McpSession } from '../session/session.ts';
import { SUBSCRIBE_TOOL, subscribedOf, UNSUBSCRIBE_TOOL } from '../session/tools.ts';

/** What the server is asked to push. */
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
 * The subscription of one session. Passes on its notifications and handles its errors; drops notifications of other
 * subscriptions. Each session has a new one.
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  #id: string | undefined;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /**
   * Subscribes.
   * @param timeout ms; the server answers when its caches are filled, which takes long on a large cluster
   * @returns the subscription's id, and the server's name of the cluster if the answer has it
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

  /** Unsubscribes, best effort: a server that does not answer drops the subscription with the session. */
  async unsubscribe(session: McpSession, timeout: number): Promise<void> {
    if (this.#id === undefined) return;
    const subscriptionId = this.#id;
    this.#id = undefined;
    await session.call(UNSUBSCRIBE_TOOL, { subscriptionId }, timeout).catch((error: unknown) => {
      this.#options.logger.debug({ error: String(error) }, 'unsubscribe failed');
    });
  }

  receive(notification: ParsedNotification): void {
    const { logger, onNotification } = this.#options;
    const { subscriptionId } = notification;
    // Faults can arrive before the answer to the subscribe call. Until then all notifications of the session are ours.
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
