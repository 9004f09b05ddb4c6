import type { Notification } from '@nightcrier/core/incidents/notification';
import type { NotificationJob, NotificationTargetName } from '@nightcrier/state/notifications/notification-queue';
import type { News } from './news.ts';

/** Somewhere that notifications go. */
export interface NotificationTarget {
  readonly name: NotificationTargetName;
  /** Most deliveries in a time, ms, over all workers. */
  readonly rate: { max: number; duration: number };
  /** One delivery at a time, over all workers: a later one may change what an earlier one made. */
  readonly inOrder: boolean;
  /** Whether it is told such a thing at all. */
  wants(event: Notification['event']): boolean;
  /**
   * Sends one part of the news. The same news under the same id may be sent again, when nobody knows whether the last
   * attempt arrived.
   * @returns what is to be sent after it, if anything
   * @throws DeliveryError
   */
  deliver(news: News, part: NotificationJob['part'], signal: AbortSignal): Promise<NotificationJob['part'] | undefined>;
}
