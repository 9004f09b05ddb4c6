import { createBullBoard } from '@bull-board/api';
import type { HTTPStatus } from '@bull-board/api/typings/app';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Logger } from '@nightcrier/core/logger';
import type { State } from '@nightcrier/state/open-state';
import type { FastifyInstance } from 'fastify';
import type { RedisConnection } from '@nightcrier/state/redis/connection';
import { READS } from '../access/route-roles.ts';
import { ApiError } from '../errors/api-error.ts';
import { NotificationQueues, TriageJobs } from './board-queues.ts';
import { PROBLEM_JSON } from '@nightcrier/core/api/errors';
import { failureBody } from '@nightcrier/runtime/http/failure-body';
import { assertRedisAnswers, internalFailure, knownFailure } from '../errors/error-handling.ts';

export interface QueueBoardOptions {
  redis: RedisConnection;
  state: Pick<State, 'incidents' | 'receiverHealth'>;
  /** On a connection that waits for Redis, as queues need it. */
  boardState: Pick<State, 'openQueue' | 'openNotificationQueue'>;
  logger: Logger;
  basePath: string;
}

/**
 * Serves Bull Board read-only: its actions would bypass the bounds and the books. Its own read-only mode refuses actions;
 * here every method but GET and HEAD is refused before that.
 */
export function queueBoard(
  app: FastifyInstance,
  { redis, state, boardState, logger, basePath }: QueueBoardOptions,
): void {
  // Bull Board registers its routes itself, also those that change a queue.
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, ...READS.config };
  });
  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    void reply.header('allow', 'GET, HEAD');
    throw new ApiError('read_only', 'the queue board is read-only');
  });
  // Bull Board sends the bodies of failures, but not their type.
  app.addHook('onSend', async (_, reply) => {
    if (reply.statusCode >= 400 && String(reply.getHeader('content-type')).startsWith('application/json'))
      void reply.type(PROBLEM_JSON);
  });
  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(basePath + app.prefix);
  const board = createBullBoard({
    queues: [new TriageJobs(boardState.openQueue(), state.incidents)],
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Nightcrier' } },
  });
  const notifications = new NotificationQueues(board, state.receiverHealth, (target) =>
    boardState.openNotificationQueue(target),
  );
  app.addHook('onClose', async () => notifications.close());
  app.addHook('preHandler', async () => {
    // The connection of the queues waits for Redis; a request must not.
    await assertRedisAnswers(redis);
    await notifications.refresh(Date.now());
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
