import type { Severity } from '@nightcrier/core/faults/severity';
import { type KeepJobs, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The one queue; its worker is `new Worker(QUEUE_NAME, …, { prefix: new StateKeys(key_prefix).bullmq })`. */
export const QUEUE_NAME = 'triage';
/** The name of every job in it. */
export const JOB_NAME = 'triage';

/**
 * How long BullMQ keeps finished jobs, in seconds. The jobs are only what Bull Board shows: reports and outcomes are on
 * the incidents' rows, and so is what deduplication needs.
 */
export const RETENTION = {
  removeOnComplete: { age: 86_400, count: 10_000 },
  removeOnFail: { age: 604_800, count: 10_000 },
} satisfies Record<string, KeepJobs>;

/** The data of a job: enough to recognise it on a board. All else is on the incident's row, under `incident_id`. */
export interface TriageJob {
  incident_id: string;
  cluster_name: string;
  fault_type: string;
  /** `Pod shop/cart-7d4b9c-abcde` */
  resource: string;
  severity: Severity;
}

export type TriageQueue = Queue<TriageJob>;

/**
 * Opens the queue on a connection, which stays the caller's to close after `queue.close()`. Does not wait for Redis.
 * Whoever only admits may share a producer connection. Whoever calls the queue itself gives it a worker connection:
 * BullMQ asks the server for its version once, and a queue to which that was refused stays unusable.
 */
export function openTriageQueue({ redis, keys, logger }: StateContext): TriageQueue {
  const queue: TriageQueue = new Queue(QUEUE_NAME, {
    connection: redis,
    prefix: keys.bullmq,
    defaultJobOptions: RETENTION,
  });
  // The connection has already logged that Redis is away; without a listener the error would end the process.
  queue.on('error', (error) => logger.debug({ error: error.message }, 'triage queue error'));
  return queue;
}

/** Bounds how many jobs run at once, over all workers, from now on; those that run are not ended. */
export async function setGlobalConcurrency(
  queue: TriageQueue,
  redis: Redis,
  maxConcurrentAgents: number,
): Promise<void> {
  await queue.setGlobalConcurrency(maxConcurrentAgents);
  // Workers that wait because the bound was reached look again; BullMQ itself wakes them when a job comes or ends.
  await redis.zadd(queue.toKey('marker'), 0, '0');
}

/** How many jobs BullMQ holds in each state. `waiting` and `delayed` are what the queue's bound counts. */
export interface QueueCounts {
  waiting: number;
  /** Wait for a time: investigations that will be tried again. */
  delayed: number;
  active: number;
  /** Only those that are still kept, see {@link RETENTION}. */
  completed: number;
  failed: number;
}

/** Counts the jobs of the triage queue, or of another one, over any connection. */
export async function queueCounts(redis: Redis, keys: StateKeys, queue = QUEUE_NAME): Promise<QueueCounts> {
  const key = (state: string): string => `${keys.bullmq}:${queue}:${state}`;
  const [prioritized, wait, delayed, active, completed, failed] = await Promise.all([
    redis.zcard(key('prioritized')),
    redis.llen(key('wait')),
    redis.zcard(key('delayed')),
    redis.llen(key('active')),
    redis.zcard(key('completed')),
    redis.zcard(key('failed')),
  ]);
  return { waiting: prioritized + wait, delayed, active, completed, failed };
}
