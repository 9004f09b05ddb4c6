import type { Notification } from '@nightcrier/core/incidents/notification';
import type { NotificationJob, NotificationTargetName } from '@nightcrier/state/notifications/notification-queue';
import type { Notice } from './notice.ts';

/** A receiver of notifications. */
export interface NotificationTarget {
  readonly name: NotificationTargetName;
  /** Maximum deliveries per `duration` ms, over all workers. */
  readonly rate: { max: number; duration: number };
  /** One delivery at a time, over all workers: a later one may update an earlier message. */
  readonly inOrder: boolean;
  /** Returns whether it is sent such events. */
  accepts(event: Notification['event']): boolean;
  /**
   * Sends one part of a notice. The same part may be sent again under the same id when the result of the last delivery is
   * unknown.
   * @returns the part to send after it, if any
   * @throws DeliveryError
   */
  deliver(
    notice: Notice,
    part: NotificationJob['part'],
    signal: AbortSignal,
  ): Promise<NotificationJob['part'] | undefined>;
}
