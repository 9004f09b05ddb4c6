import type { AgentHealth } from '@nightcrier/core/incidents/agent-health';
import { type HealthSummary, summarizeHealth } from '@nightcrier/core/clusters/cluster-health';
import type { IngesterHealth } from '@nightcrier/core/clusters/ingester-health';
import type { RedisHealth } from '@nightcrier/core/redis-health';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../api-error.ts';
import { assertRedisAnswers } from '../error-handling.ts';

/**
 * `/healthz` and `/readyz`, both without an access key, and `/health/clusters` (design.md, "Health Status Structure"), which
 * also lists the ingesters, the agents while they are degraded, and problems of Redis with the values that are damaged in it. None of them writes to Redis.
 */
export function healthRoutes(app: FastifyInstance, context: ApiContext): void {
  const { redis, health, ingesters, clusters, refused, breaker, serverProblems, damage } = context;
  app.get('/healthz', { config: { open: true } }, () => ({ status: 'ok' }));

  app.get('/readyz', { config: { open: true } }, async () => {
    await assertRedisAnswers(redis);
    const blocking = (await serverProblems()).filter(({ blocks }) => blocks);
    if (blocking.length > 0) throw new ApiError('redis_unsuitable', blocking.map(({ message }) => message).join('; '));
    return { status: 'ok' };
  });

  type Health = HealthSummary & { ingesters: IngesterHealth[]; agents?: AgentHealth; redis?: RedisHealth };
  app.get('/health/clusters', async (): Promise<Health> => {
    await assertRedisAnswers(redis);
    const [configuration] = await refused();
    const summary = summarizeHealth(await health.read(clusters()));
    const agents = await breaker.read();
    const problems = await serverProblems();
    const damaged = await damage.read();
    return {
      ...summary,
      ingesters: await ingesters.read(),
      ...(configuration && { configuration }),
      ...(agents.state === 'degraded' && { agents }),
      ...((problems.length > 0 || damaged.count > 0) && {
        redis: { problems, ...(damaged.count > 0 && { damaged }) },
      }),
    };
  });
}
