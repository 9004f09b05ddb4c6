import { NOTIFICATION_TARGETS, notificationQueueName } from '@nightcrier/state/notifications/notification-queue';
import { queueCounts } from '@nightcrier/state/queue/triage-queue';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { ApiContext } from '../api-context.ts';
import { stateMetrics, type StateSnapshot } from '../state-metrics.ts';

/** `/metrics` for Prometheus. Answers while Redis is away too, and says so. */
export function metricsRoute(app: FastifyInstance, context: ApiContext): void {
  const process = new Registry();
  collectDefaultMetrics({ register: process });

  app.get('/metrics', async (_request, reply) => {
    const registry = Registry.merge([process, stateMetrics(await snapshot(context))]);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

async function snapshot(context: ApiContext): Promise<StateSnapshot | undefined> {
  const { redis, keys, health, ingesters, clusters, intake, triage, breaker, incidents, logger } = context;
  try {
    const [
      clusterHealth,
      ingesterHealth,
      intakeCounts,
      malformed,
      triageCounts,
      agents,
      incidentCounts,
      queue,
      breakerState,
      notifications,
    ] = await Promise.all([
      health.read(clusters()),
      ingesters.read(),
      intake.read(),
      intake.readMalformed(),
      triage.read(),
      triage.readUsage(),
      incidents.counts(),
      queueCounts(redis, keys),
      breaker.read(),
      notificationCounts(context),
    ]);
    return {
      clusters: clusterHealth,
      ingesters: ingesterHealth,
      intake: intakeCounts,
      malformed,
      triage: triageCounts,
      agents,
      incidents: incidentCounts,
      queue,
      breaker: breakerState,
      notifications,
    };
  } catch (error) {
    logger.debug({ error }, 'metrics without the state in redis');
    return undefined;
  }
}

async function notificationCounts({ redis, keys }: ApiContext): Promise<StateSnapshot['notifications']> {
  return Promise.all(
    NOTIFICATION_TARGETS.map(async (target) => ({
      target,
      jobs: await queueCounts(redis, keys, notificationQueueName(target)),
    })),
  );
}
