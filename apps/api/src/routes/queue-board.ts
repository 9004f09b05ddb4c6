import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { HTTPStatus } from '@bull-board/api/typings/app';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Logger } from '@nightcrier/core/logger';
import type { TriageQueue } from '@nightcrier/state/queue/triage-queue';
import type { FastifyInstance } from 'fastify';
import type { RedisConnection } from '@nightcrier/state/redis/connection';
import { READS } from '../access/route-roles.ts';
import { z } from 'zod';
import { ApiError } from '../api-error.ts';
import { assertRedisAnswers, failureBody, internalFailure, knownFailure } from '../error-handling.ts';

/**
 * Serves Bull Board read-only: its actions would bypass the bounds and the books. Its own read-only mode refuses actions;
 * here every method but GET and HEAD is refused before that.
 */
export function queueBoard(
  app: FastifyInstance,
  { queue, redis, logger, basePath }: { queue: TriageQueue; redis: RedisConnection; logger: Logger; basePath: string },
): void {
  // Bull Board registers its routes itself, also those that change a queue.
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, ...READS.config };
  });
  app.addHook('onRequest', async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new ApiError('read_only', 'the queue board is read-only');
  });
  // The connection of the queue waits for Redis; a request must not.
  app.addHook('preHandler', async () => assertRedisAnswers(redis));

  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(basePath + app.prefix);
  const jobs = new BullMQAdapter(queue, { readOnlyMode: true });
  jobs.setFormatter('name', titleOfJob);
  createBullBoard({
    queues: [jobs],
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Nightcrier' } },
  });
  // Bull Board handles the errors of its routes and of the hooks above; this gives them the form of all others.
  serverAdapter.setErrorHandler((thrown) => {
    const known = knownFailure(thrown);
    if (!known) logger.error({ error: thrown }, 'queue board request failed');
    const body = failureBody(known ?? internalFailure(thrown));
    // Bull Board sends any status; its type lists only those of its own handlers.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { status: body.status as HTTPStatus, body };
  });
  void app.register(serverAdapter.registerPlugin());
}

const Job = z.object({
  data: z.object({ cluster_name: z.string(), resource: z.string(), fault_type: z.string() }),
});

/** Returns cluster, resource and fault of a job; what it is called otherwise, if its data cannot be read. */
function titleOfJob(job: unknown): string {
  const { data: known } = Job.safeParse(job);
  if (!known) return 'triage';
  const { cluster_name: cluster, resource, fault_type: fault } = known.data;
  return `${cluster}: ${resource}, ${fault}`;
}
