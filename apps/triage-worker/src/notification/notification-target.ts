import type { ReceiverTarget, TargetKind } from '@nightcrier/core/routing/receiver-targets';
import type { NotificationJob } from '@nightcrier/state/notifications/notification-queue';
import type { Notice } from './content/notice.ts';

export type TargetIdentity = Pick<ReceiverTarget, 'id' | 'receiver'>;

/** One place that a receiver notifies. */
export interface NotificationTarget extends TargetIdentity {
  readonly kind: TargetKind;
  /** Maximum deliveries per `duration` ms, over all workers. */
  readonly rate: { max: number; duration: number };
  /** One delivery at a time, over all workers: a later one may update an earlier message. */
  readonly inOrder: boolean;
  /** It shows the state of a problem, so that an older notification must not follow a newer one. */
  readonly keepsState: boolean;
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
  /**
   * Finds out whether deliveries would be accepted, without one that shows anywhere.
   * @returns `accepted`: the service takes address and credentials; `reachable`: it answers, and only a delivery would show more
   * @throws DeliveryError
   */
  check(signal: AbortSignal): Promise<'accepted' | 'reachable'>;
  /** Posts what its service forgets otherwise. Called every few seconds by every worker. */
  refresh?(signal: AbortSignal): Promise<void>;
}
