import type { Notification } from '@nightcrier/core/incidents/notification';
import { type KeepJobs, Queue } from 'bullmq';
import { defineScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';
import type { StoredProblemNotification } from './problem-outbox.ts';

/** The data of a job. The job's id identifies what it sends. */
export interface NotificationJob {
  /** What is sent. Workers of earlier versions fail on a job without `notification`, and so leave it to later ones. */
  problem?: StoredProblemNotification;
  /** In place of `problem`: an end of an incident, or the state of the agents, as earlier versions write it. */
  notification?: Notification;
  /** The problem is still firing after `repeat_interval`. */
  repeat?: true;
  /** The part to send: the message, or the report in the thread below it. */
  part: 'message' | 'report';
}

export type NotificationQueue = Queue<NotificationJob>;

/**
 * BullMQ does not add a job whose id exists, finished or not. So finished jobs are kept for much longer than a notification
 * stays in the outbox after its queue has accepted it, which is until the next scan of any worker.
 */
export const NOTIFICATION_RETENTION = {
  removeOnComplete: { age: 7 * 86_400, count: 50_000 },
  removeOnFail: { age: 30 * 86_400, count: 10_000 },
} satisfies Record<string, KeepJobs>;

/**
 * Returns the name of a target's queue. Each target has one, so that an unreachable or rate-limited one delays no other.
 * @param target see `ReceiverTarget`
 */
export function notificationQueueName(target: string): string {
  return `notifications-${target}`;
}

/** Opens a target's queue on a worker connection, which the caller closes. */
export function openNotificationQueue({ redis, keys, logger }: StateContext, target: string): NotificationQueue {
  const queue: NotificationQueue = new Queue(notificationQueueName(target), {
    connection: redis,
    prefix: keys.bullmq,
    defaultJobOptions: NOTIFICATION_RETENTION,
  });
  queue.on('error', (error) => logger.debug({ error: error.message }, 'notification queue failed'));
  return queue;
}

/** Returns a function that moves damaged structures of a target's queue aside, which would stop its workers. */
export function notificationQueueRepair(context: StateContext): (target: string) => Promise<void> {
  const repair = defineScript(context, 'queue/repair-notifications');
  return async (target) => void (await repair([], [`${context.keys.ours}${notificationQueueName(target)}:`]));
}
