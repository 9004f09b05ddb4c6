import type { Notification } from '@nightcrier/core/incidents/notification';
import { type KeepJobs, Queue } from 'bullmq';
import type { StateContext } from '../redis/state-context.ts';

/** Where notifications go. Each has a queue of its own: one that is away, or limits its rate, holds back no other. */
export const NOTIFICATION_TARGETS = ['slack-webhook', 'slack-bot', 'webhook'] as const;
export type NotificationTargetName = (typeof NOTIFICATION_TARGETS)[number];

/** The data of a job, whose id is the identity of what it sends. */
export interface NotificationJob {
  notification: Notification;
  /** What of it is sent: the message, or the report in the thread below it. */
  part: 'message' | 'report';
}

export type NotificationQueue = Queue<NotificationJob>;

/**
 * A job that is there, finished or not, is not added again under its id. So finished ones are kept for much longer than
 * a notification stays in the outbox after the queue has it: until the next look of any worker.
 */
export const NOTIFICATION_RETENTION = {
  removeOnComplete: { age: 7 * 86_400, count: 50_000 },
  removeOnFail: { age: 30 * 86_400, count: 10_000 },
} satisfies Record<string, KeepJobs>;

/** The name of a target's queue. */
export function notificationQueueName(target: NotificationTargetName): string {
  return `notifications-${target}`;
}

/** Opens a target's queue on a connection for those who can wait, which stays the caller's. */
export function openNotificationQueue(
  { redis, keys, logger }: StateContext,
  target: NotificationTargetName,
): NotificationQueue {
  const queue: NotificationQueue = new Queue(notificationQueueName(target), {
    connection: redis,
    prefix: keys.bullmq,
    defaultJobOptions: NOTIFICATION_RETENTION,
  });
  queue.on('error', (error) => logger.debug({ error: error.message }, 'notification queue error'));
  return queue;
}
