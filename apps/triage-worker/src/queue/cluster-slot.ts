import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { ClusterSlots } from '@nightcrier/state/queue/cluster-slots';
import { DelayedError } from 'bullmq';
import type { HeldJob } from './settle.ts';

/** A slot of a cluster that this worker holds for one incident. */
export interface HeldSlot {
  /** Aborted when the lease of the slot is lost, because this worker hung. */
  lost: AbortSignal;
  /** Frees the slot for the next incident of the cluster. Never rejects: the lease expires by itself. */
  give(): Promise<void>;
}

/** Time between two renewals, as a part of the lease. */
const RENEWAL_SHARE = 1 / 3;
/** After a renewal that failed. */
const RETRY_MS = 1_000;

/**
 * Takes a slot of its cluster for an incident, and renews the lease until the slot is freed.
 * @throws DelayedError when no slot is free; the job is parked until one is
 */
export async function takeSlot(
  { job, token, lockDuration, persist }: HeldJob,
  slots: ClusterSlots,
  logger: Logger,
): Promise<HeldSlot> {
  const { incident_id, cluster_name } = job.data;
  const answer = await persist(async () => slots.take(cluster_name, incident_id, token));
  if (answer !== 'taken') {
    logger.debug({ answer }, 'no cluster slot free; incident parked');
    throw new DelayedError();
  }
  const lost = new AbortController();
  let hasFailed = false;
  const renew = async (): Promise<number | undefined> => {
    try {
      if (!(await slots.renew(cluster_name, incident_id, token)))
        lost.abort('the cluster slot went to another incident, or the incident to another worker');
      hasFailed = false;
      return undefined;
    } catch (error) {
      if (!hasFailed) logger.warn({ error }, 'cluster slot renewal failed');
      hasFailed = true;
      // An expired slot is kept for this incident for some seconds after Redis accepts writes again.
      return RETRY_MS;
    }
  };
  const renewals = new BackgroundLoop(renew, {
    interval: lockDuration * RENEWAL_SHARE,
    firstRun: 'after_interval',
    pacing: 'fixed_rate',
    onError: () => undefined,
  });
  renewals.start();
  return {
    lost: lost.signal,
    async give() {
      await renewals.stop();
      try {
        await persist(async () => slots.give(cluster_name, incident_id, token));
      } catch (error) {
        logger.warn({ error }, 'cluster slot not freed; its lease will expire');
      }
    },
  };
}
