import type { Logger } from '@nightcrier/core/logger';
import type { ClusterSlots } from '@nightcrier/state/cluster-slots';
import { DelayedError } from 'bullmq';
import type { HeldJob } from './settle.ts';

/** A slot of a cluster that this worker holds for one incident. */
export interface HeldSlot {
  /** Aborted when the slot went to another incident, because its lease was not renewed in time. */
  lost: AbortSignal;
  /** Lets the next incident of the cluster have it. Never rejects: the lease ends by itself. */
  give(): Promise<void>;
}

/** Of the lease: the time between two renewals. */
const RENEWAL_SHARE = 1 / 3;

/**
 * Takes a slot for an incident and renews its lease until it is given back; undefined when the cluster has none free.
 * @param options.lease in ms
 */
export async function takeSlot(
  slots: ClusterSlots,
  cluster: string,
  incidentId: string,
  { lease, logger }: { lease: number; logger: Logger },
): Promise<HeldSlot | undefined> {
  if (!(await slots.take(cluster, incidentId))) return undefined;
  const lost = new AbortController();
  const renew = async (): Promise<void> => {
    try {
      if (!(await slots.take(cluster, incidentId))) lost.abort('the slot of its cluster went to another incident');
    } catch (error) {
      logger.warn({ error }, 'slot of a cluster could not be renewed');
    }
  };
  const timer = setInterval(() => void renew(), lease * RENEWAL_SHARE);
  return {
    lost: lost.signal,
    async give() {
      clearInterval(timer);
      try {
        await slots.give(cluster, incidentId);
      } catch (error) {
        logger.warn({ error }, 'slot of a cluster could not be given back; its lease ends by itself');
      }
    },
  };
}

/** A slot that becomes free brings parked incidents back; this is for those that it could not, ms. */
const PARKED_FOR = 300_000;

/** Lets an incident wait for a slot of its cluster: first its job is delayed, so that it can be promoted at once. */
export async function park(held: HeldJob, slots: ClusterSlots, logger: Logger): Promise<never> {
  const { incident_id, cluster_name } = held.job.data;
  logger.debug({}, 'incident waits for a slot of its cluster');
  await held.job.moveToDelayed(Date.now() + PARKED_FOR, held.token);
  try {
    await slots.park(cluster_name, incident_id);
  } catch (error) {
    logger.warn({ error }, 'incident could not be parked; it tries again when its delay ends');
  }
  throw new DelayedError();
}
