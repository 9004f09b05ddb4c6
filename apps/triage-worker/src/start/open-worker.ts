import { KubernetesClients } from '@nightcrier/cluster/kubernetes/clients';
import type { State } from '@nightcrier/state/open-state';
import type { LiveWorkers } from '@nightcrier/state/queue/live-workers';
import { setGlobalConcurrency, type TriageQueue } from '@nightcrier/state/queue/triage-queue';
import { stopWaiting } from '@nightcrier/state/redis/connection';
import { KnowledgeBase } from '../knowledge/matching-knowledge.ts';
import type { LiveNotifier } from '../notification/live-notifier.ts';
import { PermissionCache } from '../prepare/permission-cache.ts';
import { hasEnded, ownProcess } from '../process-identity.ts';
import { QueueSweeper } from '../queue/queue-sweeper.ts';
import { DEFAULT_LOCK, TriageWorker, type TriageWorkerParts } from '../queue/triage-worker.ts';
import { WORKER_DEAD_MS, WORKER_SILENT_MS, WorkerShare } from '../queue/worker-share.ts';
import type { AgentParts } from './start-agents.ts';
import { WORKER_ID, type WorkerSetup } from './worker-setup.ts';

/** Part of shutdown_timeout for running investigations to finish; the rest is for stopping and requeueing them. */
const DRAIN_SHARE = 0.5;
/** Part of shutdown_timeout between SIGTERM and SIGKILL of an agent script, so that it removes its container in time. */
const KILL_SHARE = 0.25;
/** Seconds. */
const LONGEST_KILL_GRACE = 10;
const DEFAULT_RETRY_DELAY = { initial: 5_000, max: 300_000 };

/** What a worker depends on. */
export interface WorkerDependencies {
  state: State;
  queue: TriageQueue;
  notifier: LiveNotifier;
  agents: AgentParts;
}

/**
 * Opens the worker with its share of `max_concurrent_agents` and its sweep of the queue. It does not claim incidents yet.
 * @returns starts to claim them
 */
export async function openWorker(setup: WorkerSetup, dependencies: WorkerDependencies): Promise<() => void> {
  const { config, lifecycle, onReload } = setup;
  const { logger, lock = DEFAULT_LOCK, retryDelay = DEFAULT_RETRY_DELAY } = setup.options;
  const { state, queue } = dependencies;
  const { max_agents_per_cluster, max_queue_age_seconds, max_attempts, shutdown_timeout } = config();
  const slots = state.openSlots({ max_agents_per_cluster, lease: lock.lockDuration });
  onReload(({ max_concurrent_agents, max_agents_per_cluster: perCluster }) => {
    Promise.all([setGlobalConcurrency(queue, state.redis, max_concurrent_agents), slots.configure(perCluster)]).catch(
      (error: unknown) => logger.error({ error }, 'concurrency limits not applied'),
    );
  });

  const sweep = state.openSweep();
  const interval = lock.stalledInterval;
  const sweeper = new QueueSweeper({ sweep, slots, max_queue_age_seconds, interval, logger });
  lifecycle.onStop('queue sweeper', () => sweeper.stop());
  onReload((changed) => sweeper.configure(changed.max_queue_age_seconds));

  const worker = new TriageWorker({
    context: contextOf(setup, dependencies),
    connection: state.redis,
    prefix: state.keys.bullmq,
    counters: state.triage,
    slots,
    cancellations: state.openCancellations(),
    locks: state.openJobLocks(lock.lockDuration),
    retry: { maxAttempts: max_attempts, random: Math.random, ...retryDelay },
    lock,
    wakeNotifier: () => dependencies.notifier.wake(),
    onQueueError: () => sweeper.wake(),
  });
  // Once the worker has drained: its outcomes wait for Redis, but no sweep does.
  lifecycle.onStop('waits for redis', () => stopWaiting(state.redis));
  const live = liveWorkers(setup, dependencies, worker.id);
  lifecycle.onStop('worker', async () => {
    await worker.drain(shutdown_timeout * 1000 * DRAIN_SHARE);
    // Does not wait: Redis may be unreachable.
    live.forget().catch((error: unknown) => logger.debug({ error }, 'worker record not removed'));
  });
  onReload((changed) => worker.configure(changed));
  await startShare(setup, live, worker);

  return () => {
    worker.run().catch((error: unknown) => logger.error({ error }, 'worker stopped unexpectedly'));
    sweeper.start();
  };
}

/** Returns what the stages of all runs use. */
function contextOf(setup: WorkerSetup, { state, agents }: WorkerDependencies): TriageWorkerParts['context'] {
  const { environment, logger } = setup.options;
  const config = setup.config();
  const kill = Math.min(LONGEST_KILL_GRACE, config.shutdown_timeout * KILL_SHARE);
  return {
    ...agents,
    config,
    incidents: state.incidents,
    access: state,
    permissions: new PermissionCache(),
    clients: new KubernetesClients(),
    alerts: state.alerts,
    knowledge: new KnowledgeBase(),
    breaker: state.breaker,
    environment,
    workerId: WORKER_ID,
    grace: setup.options.grace ?? { overrun: 30, kill },
    logger,
  };
}

/** Opens the record of this worker among those that are alive; the incidents of dead ones are released. */
function liveWorkers(setup: WorkerSetup, { state, agents }: WorkerDependencies, id: string): LiveWorkers {
  const { logger, deadAfter: silence = WORKER_DEAD_MS, lock = DEFAULT_LOCK } = setup.options;
  return state.openLiveWorkers(WORKER_SILENT_MS, {
    id,
    process: ownProcess(),
    token: agents.runtime.token,
    hasEnded,
    silence,
    maxStalls: () => setup.config().max_attempts,
    stalledInterval: lock.stalledInterval,
    onStalled: (incidents) => {
      for (const id of incidents) logger.warn({ incident_id: id }, 'job stalled; requeued');
    },
    maxConcurrent: () => setup.config().max_concurrent_agents,
    onReleased: (incidents) => logger.warn({ incidents }, 'incidents of a dead worker released'),
  });
}

/** Shares `max_concurrent_agents` with the other workers. */
async function startShare(setup: WorkerSetup, workers: LiveWorkers, worker: TriageWorker): Promise<void> {
  const { max_concurrent_agents } = setup.config();
  const { logger } = setup.options;
  const share = new WorkerShare({ workers, max_concurrent_agents, onShare: (agents) => worker.limit(agents), logger });
  setup.lifecycle.onStop('share', () => share.stop());
  setup.onReload((config) => share.configure(config.max_concurrent_agents));
  await share.start();
}
