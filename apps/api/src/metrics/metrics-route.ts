import { GET_METRICS } from '@nightcrier/core/api/health-routes';
import type { FastifyInstance } from 'fastify';
import { measureProcess, PROCESS_METRICS } from '@nightcrier/runtime/metrics/process-metrics';
import type { ApiContext } from '../api-context.ts';
import { serve } from '../serve-route.ts';
import { shareWhileRunning } from '../shared-result.ts';
import { exposition } from './exposition.ts';
import { readSnapshot } from './snapshot.ts';
import { stateMetrics } from './state-metrics.ts';

/** `/metrics` for Prometheus: this process, and the state in Redis. While Redis is unreachable, `nightcrier_redis_up` is 0. */
export function metricsRoute(app: FastifyInstance, context: ApiContext): void {
  measureProcess();

  const build = shareWhileRunning(async () => {
    const { registry, series } = await stateMetrics(await readSnapshot(context), context.metricsPerCluster());
    return exposition([PROCESS_METRICS, registry], series);
  });
  serve(app, GET_METRICS, async (_request, reply) => reply.type(PROCESS_METRICS.contentType).send(await build()));
}
