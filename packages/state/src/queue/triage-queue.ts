import type { Severity } from '@nightcrier/core/faults/severity';
import { type KeepJobs, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { QUEUE_NAME, type StateKeys } from '../redis/keys.ts';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The name of every job in the queue. */
export const JOB_NAME = 'triage';

/**
 * How long BullMQ keeps finished jobs, in seconds. Only Bull Board shows them: reports, outcomes and what deduplication
 * needs are in the incidents' rows.
 */
export const RETENTION = {
  removeOnComplete: { age: 86_400, count: 10_000 },
  removeOnFail: { age: 604_800, count: 10_000 },
} satisfies Record<string, KeepJobs>;

/** The data of a job: enough to recognise it in Bull Board. The rest is in the incident's row, under `incident_id`. */
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
 * Opens the queue on a connection, which the caller closes after `queue.close()`. Does not wait for Redis. A queue that
 * only packs jobs for admission may share a producer connection. A queue whose methods are called needs a worker
 * connection: BullMQ asks the server for its version once, and a queue for which that failed stays unusable.
 */
export function openTriageQueue({ redis, keys, logger }: StateContext): TriageQueue {
  const queue: TriageQueue = new Queue(QUEUE_NAME, {
    connection: redis,
    prefix: keys.bullmq,
    defaultJobOptions: RETENTION,
  });
  // The connection logs outages itself; without a listener the error would end the process.
  queue.on('error', (error) => logger.debug({ error: error.message }, 'triage queue failed'));
  return queue;
}

/** Bounds how many jobs run at once, over all workers, from now on. Running jobs are not stopped. */
export async function setGlobalConcurrency(
  queue: TriageQueue,
  redis: Redis,
  maxConcurrentAgents: number,
): Promise<void> {
  await queue.setGlobalConcurrency(maxConcurrentAgents);
  // Wakes workers that wait because the bound was reached; BullMQ does so only when a job is added or ends.
  await redis.zadd(queue.toKey('marker'), 0, '0');
}

/** How many jobs BullMQ holds in each state. `waiting` and `delayed` are what the queue's bound counts. */
export interface QueueCounts {
  waiting: number;
  /** Jobs that are retried later, and parked ones. */
  delayed: number;
  active: number;
  /** As far as they are kept, see {@link RETENTION}. */
  completed: number;
  failed: number;
}

/** Counts the jobs of the triage queue, or of the named queue, over any connection. */
export async function queueCounts(redis: Redis, keys: StateKeys, queue = QUEUE_NAME): Promise<QueueCounts> {
  const key = (state: string): string => `${keys.bullmq}:${queue}:${state}`;
  const [prioritized, wait, delayed, active, completed, failed] = await Promise.all([
    ifReadable(redis.zcard(key('prioritized')), 0),
    ifReadable(redis.llen(key('wait')), 0),
    ifReadable(redis.zcard(key('delayed')), 0),
    ifReadable(redis.llen(key('active')), 0),
    ifReadable(redis.zcard(key('completed')), 0),
    ifReadable(redis.zcard(key('failed')), 0),
  ]);
  return { waiting: prioritized + wait, delayed, active, completed, failed };
}
