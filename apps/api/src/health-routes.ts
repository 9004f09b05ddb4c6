import { type HealthSummary, summarizeHealth } from '@nightcrier/core/cluster-health';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from './api-context.ts';
import { assertRedisAnswers } from './error-handling.ts';

/** `/healthz`, `/readyz` (both without a key) and `/health/clusters` (design.md, "Health Status Structure"). */
export function healthRoutes(app: FastifyInstance, { redis, health, clusters, refused }: ApiContext): void {
  app.get('/healthz', { config: { open: true } }, () => ({ status: 'ok' }));

  app.get('/readyz', { config: { open: true } }, async () => {
    await assertRedisAnswers(redis);
    return { status: 'ok' };
  });

  app.get('/health/clusters', async (): Promise<HealthSummary> => {
    await assertRedisAnswers(redis);
    const [configuration] = await refused();
    return { ...summarizeHealth(await health.read(clusters())), ...(configuration && { configuration }) };
  });
}
