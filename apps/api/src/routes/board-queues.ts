import type { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { NotificationQueue } from '@nightcrier/state/notifications/notification-queue';
import type { ReceiverHealth } from '@nightcrier/state/notifications/receiver-health';
import type { TriageQueue } from '@nightcrier/state/queue/triage-queue';
import type { Job } from 'bullmq';
import { z } from 'zod';
import { TolerantQueue } from './tolerant-queue.ts';

/** The queue of investigations. Its jobs are titled with cluster, resource, and the cause or else the fault. */
export class TriageJobs extends TolerantQueue {
  readonly #incidents: Pick<IncidentStore, 'get'>;

  constructor(queue: TriageQueue, incidents: Pick<IncidentStore, 'get'>) {
    super(queue, { readOnlyMode: true });
    this.#incidents = incidents;
    this.setFormatter('name', titleOfInvestigation);
  }

  override async getJob(id: string): Promise<Job | undefined> {
    const job = await super.getJob(id);
    return job && this.#withCause(job);
  }

  override async getJobs(...range: Parameters<BullMQAdapter['getJobs']>): Promise<Job[]> {
    const jobs = await super.getJobs(...range);
    return Promise.all(jobs.map(async (job) => this.#withCause(job)));
  }

  /** The board only shows the job, so what is added to it here is stored nowhere. */
  async #withCause(job: Job): Promise<Job> {
    const cause = await this.#causeOf(job.id ?? '');
    if (cause !== undefined) job.data = { ...job.data, cause };
    return job;
  }

  async #causeOf(id: string): Promise<string | undefined> {
    try {
      return (await this.#incidents.get(id))?.report?.diagnosis?.hypotheses[0]?.cause;
    } catch (error) {
      if (error instanceof CorruptIncidentError) return undefined;
      throw error;
    }
  }
}

const Investigation = z.object({
  data: z.object({
    cluster_name: z.string(),
    resource: z.string(),
    fault_type: z.string(),
    cause: z.string().optional(),
  }),
});

function titleOfInvestigation(job: unknown): string {
  const { data: known } = Investigation.safeParse(job);
  if (!known) return 'triage';
  const { cluster_name: cluster, resource, fault_type: fault, cause } = known.data;
  return `${cluster}: ${resource}, ${cause ?? fault}`;
}

const Notification = z.object({
  data: z.object({
    problem: z.object({ event: z.string(), problem: z.object({ cluster: z.string(), key: z.string() }) }),
  }),
});

function titleOfNotification(job: unknown): string {
  const { data: known } = Notification.safeParse(job);
  if (!known) return 'notification';
  const { event, problem } = known.data.problem;
  return `${problem.cluster}: ${problem.key}, ${event.replaceAll('_', ' ')}`;
}

/** The board's queues, as `createBullBoard` returns them. */
interface Board {
  addQueue(queue: BullMQAdapter): void;
  removeQueue(queue: BullMQAdapter): void;
}

/** Time after which the targets are read again, ms. */
const TARGETS_AGE_MS = 10_000;

/** The queues of the targets that are configured now. They are opened when the board is, and closed by `close`. */
export class NotificationQueues {
  readonly #board: Board;
  readonly #receivers: Pick<ReceiverHealth, 'read'>;
  readonly #open: (target: string) => NotificationQueue;
  readonly #opened = new Map<string, { queue: NotificationQueue; adapter: BullMQAdapter }>();
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(board: Board, receivers: Pick<ReceiverHealth, 'read'>, open: (target: string) => NotificationQueue) {
    this.#board = board;
    this.#receivers = receivers;
    this.#open = open;
  }

  /** Shows the queues of new targets, and no longer those of targets that are gone. */
  async refresh(now: number): Promise<void> {
    if (now - this.#readAt < TARGETS_AGE_MS) return;
    this.#readAt = now;
    const targets = await this.#receivers.read();
    for (const [target, { receiver, kind }] of targets) {
      if (this.#opened.has(target)) continue;
      const queue = this.#open(target);
      const description = `Notifications of the receiver ${receiver} (${kind})`;
      const adapter = new TolerantQueue(queue, { readOnlyMode: true, description });
      adapter.setFormatter('name', titleOfNotification);
      this.#opened.set(target, { queue, adapter });
      this.#board.addQueue(adapter);
    }
    for (const [target, { queue, adapter }] of this.#opened) {
      if (targets.has(target)) continue;
      this.#opened.delete(target);
      this.#board.removeQueue(adapter);
      await queue.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened.values()].map(async ({ queue }) => queue.close()));
    this.#opened.clear();
  }
}
