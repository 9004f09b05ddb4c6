import type { Logger } from '@nightcrier/core/logger';
import { failureBody } from '@nightcrier/runtime/http/failure-body';
import { assertPlainBody, HttpError, refusedByFramework } from '@nightcrier/runtime/http/http-error';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import { isWrongType } from '@nightcrier/state/damage/if-readable';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RedisConnection } from '@nightcrier/state/redis/connection';
import { PROBLEM_JSON } from '@nightcrier/core/api/errors';
import { allowedMethods } from './allowed-methods.ts';
import { ApiError } from './api-error.ts';

/**
 * Checks that Redis is reachable. Takes at most the command timeout of the connection.
 * @throws ApiError redis_unavailable
 */
export async function assertRedisAnswers(redis: RedisConnection): Promise<void> {
  try {
    await redis.ping();
  } catch (cause) {
    throw redisUnavailable(cause);
  }
}

function redisUnavailable(cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ApiError('redis_unavailable', `Redis is unreachable: ${why}`, { cause });
}

/**
 * Turns every failure into a response, and an unexpected one into a log line. Routes are registered afterwards, and so are the hooks that
 * find out who makes a request registered before: a client without access is not shown which routes there are.
 */
export function handleErrors(app: FastifyInstance, redis: RedisConnection, logger: Logger): void {
  app.setErrorHandler(async (thrown, request, reply) => {
    const error = await failureOf(thrown, request, { redis, logger });
    const body = failureBody(error, request.url);
    return reply.status(body.status).type(PROBLEM_JSON).send(body);
  });
  app.addHook('preParsing', async ({ headers }) => assertPlainBody(headers));
  const methodsOf = allowedMethods(app);
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?', 1);
    const methods = methodsOf(path);
    if (methods.length === 0) throw new ApiError('not_found', `no such route: ${request.method} ${path}`);
    void reply.header('allow', methods.join(', '));
    throw new ApiError('method_not_allowed', `${path} has no ${request.method}; use ${methods.join(' or ')}`);
  });
}

/** Returns the error that answers a request, and logs one that was not expected. */
export async function failureOf(
  thrown: unknown,
  { method, url }: Pick<FastifyRequest, 'method' | 'url'>,
  { redis, logger }: { redis: RedisConnection; logger: Logger },
): Promise<HttpError> {
  const error = knownFailure(thrown) ?? (await unknownFailure(redis, thrown));
  if (error.code === 'internal') logger.error({ method, url, error: thrown }, 'request failed');
  return error;
}

/** Refusals of a Redis that is full, a replica, without disk, without replicas, busy, a cluster, or whose ACL lacks a command. */
const UNSUITABLE =
  /^(?:OOM|READONLY|MASTERDOWN|LOADING|UNBLOCKED|MISCONF|NOREPLICAS|BUSY|NOAUTH|NOPERM|CLUSTERDOWN|CROSSSLOT|MOVED|ASK|ERR The user executing the script)\b/;

/** Returns the API error for an expected failure, undefined for any other. */
export function knownFailure(thrown: unknown): HttpError | undefined {
  if (thrown instanceof HttpError) return thrown;
  if (thrown instanceof CorruptIncidentError)
    return new ApiError('incident_corrupt', thrown.message, { cause: thrown });
  if (!(thrown instanceof Error)) return undefined;
  if (UNSUITABLE.test(thrown.message))
    return new ApiError('redis_unsuitable', `Redis refuses a command: ${thrown.message}`, { cause: thrown });
  if (isWrongType(thrown))
    return new ApiError('redis_unsuitable', `a value in Redis is damaged: ${thrown.message}`, { cause: thrown });
  // Handlers wait for nothing but Redis.
  if ('code' in thrown && thrown.code === 'FST_ERR_HANDLER_TIMEOUT') return redisUnavailable(thrown);
  return refusedByFramework(thrown);
}

/** A lost connection to Redis has no error type of its own, so Redis is checked again. */
async function unknownFailure(redis: RedisConnection, thrown: unknown): Promise<ApiError> {
  try {
    await assertRedisAnswers(redis);
  } catch (error) {
    if (error instanceof ApiError) return error;
  }
  return internalFailure(thrown);
}

/** Returns the error for a failure that no code is made for. */
export function internalFailure(cause: unknown): ApiError {
  return new ApiError('internal', 'internal error; see the log of the API', { cause });
}
