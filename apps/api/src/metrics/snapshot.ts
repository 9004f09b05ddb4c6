import type { AlertOutcome } from '@nightcrier/core/alerts/alert-outcome';
import type { AgentHealth } from '@nightcrier/core/incidents/agent-health';
import type { BookPages } from '@nightcrier/core/incidents/books';
import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { Severity } from '@nightcrier/core/faults/severity';
import type { IncidentState } from '@nightcrier/core/incidents/incident';
import type { IngesterHealth } from '@nightcrier/core/clusters/ingester-health';
import { notificationQueueName } from '@nightcrier/state/notifications/notification-queue';
import type { Budget } from '@nightcrier/core/gateway/budgets';
import type { ModelCost } from '@nightcrier/state/budgets/model-budgets';
import type { AgentCount, TriageCount } from '@nightcrier/state/queue/triage-counters';
import { queueCounts, type QueueCounts } from '@nightcrier/state/queue/triage-queue';
import type { ApiContext } from '../api-context.ts';

/** The state in Redis at one scrape. */
export interface StateSnapshot {
  clusters: ClusterHealth[];
  ingesters: IngesterHealth[];
  intake: BookPages;
  alerts: Record<AlertOutcome, number>;
  malformed: { cluster: string; reason: string; count: number }[];
  triage: TriageCount[];
  causes: { cause: string; incidents: number }[];
  agents: AgentCount[];
  incidents: Record<IncidentState, number>;
  /** Age of the oldest queued incident, in seconds; 0 without one. */
  oldestWaiting: number;
  /** Problems that are firing. */
  firing: { cluster: string; severity: Severity; count: number }[];
  /** Whether Redis takes what admission writes. */
  redisWritable: boolean;
  workers: number;
  gateways: number;
  budget: { used: ModelCost; limit: Budget | undefined };
  queue: QueueCounts;
  breaker: AgentHealth;
  notifications: { target: string; receiver: string; failing: boolean; failures: number; jobs: QueueCounts }[];
}

const ATTEMPTS = 3;

/**
 * Reads the state, undefined if Redis is unreachable. A busy Redis, or a busy machine, can take longer for the state of thousands
 * of clusters than a command may take. While Redis answers a ping, it is read again.
 */
export async function readSnapshot(context: ApiContext): Promise<StateSnapshot | undefined> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await readState(context);
    } catch (error) {
      if (attempts < ATTEMPTS && (await answersPing(context))) continue;
      context.logger.debug({ error }, 'state not read; metrics are without it');
      return undefined;
    }
  }
}

async function answersPing({ redis }: ApiContext): Promise<boolean> {
  return redis.ping().then(
    () => true,
    () => false,
  );
}

/** @throws Error of Redis */
async function readState(context: ApiContext): Promise<StateSnapshot> {
  const { redis, keys, health, clusters, intake, triage } = context;
  const parts = [
    health.read(clusters()),
    context.ingesters.read(),
    intake.read(),
    intake.readMalformed(),
    context.alerts.read(),
    triage.read(),
    triage.readCauses(),
    triage.readUsage(),
    context.incidents.counts(),
    queueCounts(redis, keys),
    context.breaker.read(),
    notificationCounts(context),
    context.incidents.oldestQueued(),
    context.workersAlive(),
    context.gateways.live(),
    context.budgets.today(),
    context.problems.countFiring(),
    context.serverProblems(),
  ] as const;
  const [
    healths,
    ingesters,
    pages,
    malformed,
    alerts,
    runs,
    causes,
    agents,
    incidents,
    queue,
    breaker,
    notifications,
    oldest,
    workers,
    gateways,
    used,
    firing,
    redisProblems,
  ] = await Promise.all(parts);
  return {
    clusters: healths,
    ingesters,
    intake: pages,
    malformed,
    alerts,
    triage: runs,
    causes,
    agents,
    incidents,
    queue,
    breaker,
    notifications,
    oldestWaiting: oldest === undefined ? 0 : Math.max(0, (Date.now() - oldest) / 1000),
    workers,
    gateways: gateways.length,
    firing,
    redisWritable: !redisProblems.some(({ blocks }) => blocks),
    budget: { used, limit: context.dailyBudget() },
  };
}

async function notificationCounts({
  redis,
  keys,
  receiverHealth,
}: ApiContext): Promise<StateSnapshot['notifications']> {
  const targets = [...(await receiverHealth.read())];
  return Promise.all(
    targets.map(async ([target, { receiver, failing_since, failures }]) => ({
      target,
      receiver,
      failing: failing_since !== undefined,
      failures,
      jobs: await queueCounts(redis, keys, notificationQueueName(target)),
    })),
  );
}
