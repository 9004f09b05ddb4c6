import {
  type AlertHealth,
  type FailingReceiver,
  type GatewayHealth,
  GET_HEALTH,
  type Health,
  IS_ALIVE,
  IS_READY,
} from '@nightcrier/core/api/health-routes';
import { summarizeHealth } from '@nightcrier/core/clusters/cluster-health';
import type { WorkerIsolation } from '@nightcrier/core/gateway/isolation';
import type { ReturnedBy } from '@nightcrier/core/api/route';
import { redactValue } from '@nightcrier/redaction/redact-value';
import type { FastifyInstance } from 'fastify';
import { createHash } from 'node:crypto';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../errors/api-error.ts';
import { assertRedisAnswers } from '../errors/error-handling.ts';
import { serve } from '../serve-route.ts';
import { shareWhileRunning } from '../shared-result.ts';

/**
 * `/healthz` and `/readyz`, both without an access key, and `/health/clusters` (design.md, "Health Status Structure"), which
 * also lists the ingesters, the gateways, the isolation of agents, the agents while they are degraded, the receivers whose deliveries fail, the alerts that were received, and problems of Redis with the
 * values that are damaged in it. None of them writes to Redis.
 */
export function healthRoutes(app: FastifyInstance, context: ApiContext): void {
  const { redis, health, ingesters, clusters, refused, breaker, serverProblems, damage } = context;
  serve(app, IS_ALIVE, async (): Promise<ReturnedBy<typeof IS_ALIVE>> => ({ status: 'ok' }));

  serve(app, IS_READY, async (): Promise<ReturnedBy<typeof IS_READY>> => {
    await assertRedisAnswers(redis);
    const blocking = (await serverProblems()).filter(({ blocks }) => blocks);
    if (blocking.length > 0) throw new ApiError('redis_unsuitable', blocking.map(({ message }) => message).join('; '));
    return { status: 'ok' };
  });

  const read = async (): Promise<Health> => {
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
      ...(await alertHealth(context)),
      ...(await agentAccess(context)),
      ...(await failingReceivers(context)),
    };
  };
  const build = shareWhileRunning(async () => {
    const body = Buffer.from(JSON.stringify(await read()));
    return { body, etag: `"${createHash('sha1').update(body).digest('base64url')}"` };
  });
  serve(app, GET_HEALTH, async (_request, reply) => {
    await assertRedisAnswers(redis);
    const { body, etag } = await build();
    return reply.header('etag', etag).type('application/json; charset=utf-8').send(body);
  });
}

/** The targets of receivers whose last delivery failed. Nothing where all succeed. */
async function failingReceivers({ receiverHealth }: ApiContext): Promise<{ receivers?: FailingReceiver[] }> {
  const receivers = [...(await receiverHealth.read())].flatMap(
    ([target, { receiver, failing_since: since, failures, last_error }]): FailingReceiver[] =>
      since === undefined
        ? []
        : [
            {
              receiver,
              target,
              failing_since: new Date(since).toISOString(),
              failures,
              ...(last_error !== undefined && { last_error }),
            },
          ],
  );
  return receivers.length > 0 ? { receivers } : {};
}

/** The gateways that live, and what workers know of the isolation of their agents. Nothing where there is neither. */
async function agentAccess({
  gateways,
  isolation,
}: ApiContext): Promise<{ gateways?: GatewayHealth[]; isolation?: WorkerIsolation[] }> {
  const [live, proofs] = await Promise.all([gateways.live(), isolation.read()]);
  const now = Date.now();
  const shown = live
    .map(({ id, host, started, seen }): GatewayHealth => {
      const age = started === undefined ? {} : { age_seconds: Math.max(0, Math.round((now - started) / 1000)) };
      return { id, host, ...age, last_seen: new Date(seen).toISOString() };
    })
    .toSorted((one, other) => one.id.localeCompare(other.id));
  return {
    ...(shown.length > 0 && { gateways: shown }),
    ...(proofs.length > 0 && { isolation: await redactValue(proofs) }),
  };
}

/** Nothing where no alert was ever received. */
async function alertHealth({ alerts }: ApiContext): Promise<{ alerts?: AlertHealth }> {
  const received = await alerts.read();
  if (Object.values(received).every((count) => count === 0)) return {};
  return { alerts: { received, unassigned: await redactValue(await alerts.unassigned()) } };
}
