import type { Logger } from '@nightcrier/core/logger';
import { startWithoutSecrets } from '@nightcrier/core/settings/known-secrets';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ParsedNotification } from '../../sources/parse-notification.ts';
import { ConnectionError } from '../session/connection-error.ts';
import type { McpSession } from '../session/session.ts';
import { SUBSCRIBE_TOOL, subscribedOf, UNSUBSCRIBE_TOOL } from '../session/tools.ts';

/** Without a notification for this long after the end of a subscription, all have arrived, ms. */
const QUIET_MS = 50;

/** What a server can be asked to push: its faults, Warning Events (as symptoms), or both. */
export type SubscriptionMode = 'faults' | 'events' | 'both';

export interface Subscribed {
  /** Ids of the subscriptions. */
  ids: string[];
  /** What the server calls the cluster, if it tells. */
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
 * The subscriptions of one session: one, or two. Passes on their notifications and handles their errors; drops notifications of
 * other subscriptions. Each session has a new one.
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  #ids: string[] = [];
  #isComplete = false;
  #received = 0;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /**
   * Subscribes.
   * @param timeout ms; the server answers when its caches are filled, which takes long on a large cluster
   * @throws ConnectionError
   */
  async subscribe(session: McpSession, mode: SubscriptionMode, timeout: number): Promise<Subscribed> {
    // Faults first: they are reported at once, and the Events are about the same objects.
    const first = await this.#subscribe(session, mode === 'both' ? 'faults' : mode, timeout);
    if (mode === 'both') await this.#subscribe(session, 'events', timeout);
    this.#isComplete = true;
    return { ids: this.#ids, cluster: first };
  }

  /**
   * Unsubscribes, best effort: a server that does not answer drops the subscription with the session. Resolves when what the
   * server had sent by then has arrived: a process that was busy has not read it yet.
   */
  async unsubscribe(session: McpSession, timeout: number): Promise<void> {
    const ended = await Promise.all(
      this.#ids.map(async (subscriptionId) =>
        session.call(UNSUBSCRIBE_TOOL, { subscriptionId }, timeout).then(
          () => true,
          (error: unknown) => {
            this.#options.logger.debug({ error: String(error) }, 'unsubscribe failed');
            return false;
          },
        ),
      ),
    );
    const end = performance.now() + timeout;
    for (let received = -1; ended.includes(true) && received !== this.#received && performance.now() < end;) {
      received = this.#received;
      await sleep(QUIET_MS);
    }
    this.#ids = [];
  }

  receive(notification: ParsedNotification): void {
    this.#received += 1;
    const { logger, onNotification } = this.#options;
    const { subscriptionId } = notification;
    // Faults can arrive before the answer to the subscribe call. Until then all notifications of the session are ours.
    if (this.#isComplete && subscriptionId !== undefined && !this.#ids.includes(subscriptionId)) {
      logger.debug({ subscription: subscriptionId }, 'notification of another subscription dropped');
    } else if (notification.kind === 'subscription-error') {
      this.#receiveError(notification);
    } else if (notification.kind === 'ignored' && notification.reason === 'other_logger') {
      logger.debug({}, 'notification of another logger ignored');
    } else {
      onNotification(notification);
    }
  }

  /** @returns what the server calls the cluster */
  async #subscribe(session: McpSession, mode: 'faults' | 'events', timeout: number): Promise<string | undefined> {
    const { endpoint } = this.#options;
    const args = mode === 'events' ? { mode, type: 'Warning' } : { mode };
    const answer = await session.call(SUBSCRIBE_TOOL, args, timeout);
    if (answer.isError)
      throw new ConnectionError('subscribe_refused', `${endpoint}: ${SUBSCRIBE_TOOL}: ${answer.text}`);
    const { id, cluster } = subscribedOf(answer);
    if (id === undefined) {
      const message = `${endpoint}: ${SUBSCRIBE_TOOL}: the answer has no subscriptionId: ${startWithoutSecrets(answer.text, 100)}`;
      throw new ConnectionError('subscribe_refused', message);
    }
    this.#ids.push(id);
    return cluster;
  }

  #receiveError({ message, degraded }: { message: string; degraded: boolean }): void {
    const { endpoint, logger, onDegraded, onLost } = this.#options;
    logger.warn({ error: message, degraded }, 'subscription error reported by server');
    onDegraded(message);
    // A degraded subscription misses faults, and the server does not report when it recovers: start over.
    if (degraded) onLost(new ConnectionError('subscription_lost', `${endpoint}: subscription degraded: ${message}`));
  }
}
