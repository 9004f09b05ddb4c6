import type { Logger } from '@nightcrier/core/logger';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { ClusterSlots } from '@nightcrier/state/queue/cluster-slots';
import type { TriageJob } from '@nightcrier/state/queue/triage-queue';
import type { Job } from 'bullmq';
import { traceIncident } from './trace-triage.ts';

export interface FailedJobsOptions {
  incidents: IncidentStore;
  slots: Pick<ClusterSlots, 'give'>;
  /** Wakes the notifier: a notification is due. */
  wakeNotifier: () => void;
  logger: Logger;
}

/**
 * Ends the rows of jobs that BullMQ failed by itself because they stalled too often. For the other failed jobs `settle` has
 * ended the row before, and nothing changes.
 */
export class FailedJobs {
  readonly #options: FailedJobsOptions;
  readonly #recording = new Set<Promise<void>>();

  constructor(options: FailedJobsOptions) {
    this.#options = options;
  }

  /** Ends the row in the background. */
  record(job: Job<TriageJob> | undefined, error: Error): void {
    if (!job) {
      this.#options.logger.error({ error }, 'failed job is missing; its incident is unknown');
      return;
    }
    const recording = this.#endRow(job, error).finally(() => this.#recording.delete(recording));
    this.#recording.add(recording);
  }

  /** Resolves when all rows are written. */
  async settled(): Promise<void> {
    await Promise.all(this.#recording);
  }

  async #endRow(job: Job<TriageJob>, { message }: Error): Promise<void> {
    const { incident_id, cluster_name, resource } = job.data;
    const { incidents, slots, wakeNotifier } = this.#options;
    const logger = this.#options.logger.child({ incident_id, cluster: cluster_name });
    const reason = `its workers died or hung too often: ${message}`;
    try {
      const end = { state: 'failed', reason, notify: 'incident_failed' } as const;
      const { kind } = await incidents.finish(incident_id, end);
      if (kind !== 'changed') return;
      // Its last worker died with the slot.
      await slots.give(cluster_name, incident_id, '');
      logger.error({ resource, reason }, 'job stalled too often; triage failed');
      traceIncident(job, await incidents.get(incident_id), { outcome: 'failed', error: reason });
      wakeNotifier();
    } catch (error) {
      logger.error({ error }, 'cannot persist end of failed job');
    }
  }
}
