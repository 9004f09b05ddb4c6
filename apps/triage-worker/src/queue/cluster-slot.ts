import type { Logger } from '@nightcrier/core/logger';
import type { ClusterSlots } from '@nightcrier/state/queue/cluster-slots';
import { DelayedError } from 'bullmq';
import type { HeldJob } from './settle.ts';

/** A slot of a cluster that this worker holds for one incident. */
export interface HeldSlot {
  /** Aborted when the slot went to another incident, or with its incident to another worker, because this one hung. */
  lost: AbortSignal;
  /** Lets the next incident of the cluster have it. Never rejects: the lease ends by itself. */
  give(): Promise<void>;
}

/** Of the lease: the time between two renewals. */
const RENEWAL_SHARE = 1 / 3;

/**
 * Takes a slot of its cluster for an incident, and renews the lease until it is given back.
 * @throws DelayedError there is none free, and the job waits for one
 */
export async function takeSlot(
  { job, token, lockDuration }: HeldJob,
  slots: ClusterSlots,
  logger: Logger,
): Promise<HeldSlot> {
  const { incident_id, cluster_name } = job.data;
  const answer = await slots.take(cluster_name, incident_id, token);
  if (answer !== 'taken') {
    logger.debug({ answer }, 'incident has no slot of its cluster');
    throw new DelayedError();
  }
  const lost = new AbortController();
  const renew = async (): Promise<void> => {
    try {
      if (!(await slots.renew(cluster_name, incident_id, token)))
        lost.abort('the slot of its cluster went to another incident, or its incident to another worker');
    } catch (error) {
      logger.warn({ error }, 'slot of a cluster could not be renewed');
    }
  };
  const timer = setInterval(() => void renew(), lockDuration * RENEWAL_SHARE);
  return {
    lost: lost.signal,
    async give() {
      clearInterval(timer);
      try {
        await slots.give(cluster_name, incident_id, token);
      } catch (error) {
        logger.warn({ error }, 'slot of a cluster could not be given back; its lease ends by itself');
      }
    },
  };
}
