import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { ApiContext } from '../api-context.ts';
import { readSnapshot } from './snapshot.ts';
import { stateMetrics } from './state-metrics.ts';

/** `/metrics` for Prometheus: this process, and the state in Redis. While Redis is unreachable, `nightcrier_redis_up` is 0. */
export function metricsRoute(app: FastifyInstance, context: ApiContext): void {
  const process = new Registry();
  collectDefaultMetrics({ register: process });

  app.get('/metrics', async (_request, reply) => {
    const registry = Registry.merge([process, stateMetrics(await readSnapshot(context))]);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
