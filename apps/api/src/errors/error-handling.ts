import type { Logger } from '@nightcrier/core/logger';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import { isWrongType } from '@nightcrier/state/damage/if-readable';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RedisConnection } from '@nightcrier/state/redis/connection';
import { type ApiFailure, PROBLEM_JSON } from '@nightcrier/core/api/errors';
import { API_ERRORS, ApiError, type ApiErrorCode } from './api-error.ts';

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

/** Turns every failure into a response, and an unexpected one into a log line. */
export function handleErrors(app: FastifyInstance, redis: RedisConnection, logger: Logger): void {
  app.setErrorHandler(async (thrown, request, reply) => {
    const error = await failureOf(thrown, request, { redis, logger });
    const body = failureBody(error, request.url);
    return reply.status(body.status).type(PROBLEM_JSON).send(body);
  });
  app.setNotFoundHandler((request) => {
    throw new ApiError('not_found', `no such route: ${request.method} ${request.url.split('?', 1)[0]}`);
  });
}

/** Returns the error that answers a request, and logs one that was not expected. */
export async function failureOf(
  thrown: unknown,
  { method, url }: Pick<FastifyRequest, 'method' | 'url'>,
  { redis, logger }: { redis: RedisConnection; logger: Logger },
): Promise<ApiError> {
  const error = knownFailure(thrown) ?? (await unknownFailure(redis, thrown));
  if (error.code === 'internal') logger.error({ method, url, error: thrown }, 'request failed');
  return error;
}

/**
 * Returns the body of a failed request, see RFC 9457.
 * @param url of the request, if there is one; its query is left out
 */
export function failureBody({ code, message }: ApiError, url?: string): ApiFailure {
  const detail = hideSecrets(message);
  return {
    type: `urn:nightcrier:error:${code}`,
    title: titleOf(code),
    status: API_ERRORS[code],
    detail,
    ...(url !== undefined && { instance: hideSecrets(url.split('?', 1)[0] ?? '') }),
    error: { code, message: detail },
  };
}

/** Returns `incident_not_found` as "Incident not found". */
function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ').replaceAll('redis', 'Redis').replaceAll('uri', 'URI');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Refusals of a Redis that is full, a replica, without disk, without replicas, busy, a cluster, or whose ACL lacks a command. */
const UNSUITABLE =
  /^(?:OOM|READONLY|MASTERDOWN|LOADING|UNBLOCKED|MISCONF|NOREPLICAS|BUSY|NOAUTH|NOPERM|CLUSTERDOWN|CROSSSLOT|MOVED|ASK|ERR The user executing the script)\b/;

/** Requests that the framework refuses with a status of their own. */
const REFUSED: ReadonlyMap<number, ApiErrorCode> = new Map([
  [413, 'body_too_large'],
  [414, 'uri_too_long'],
  [415, 'unsupported_media_type'],
]);
const LONG_URL = 'the URL, or a part of it, is too long';

/** Returns the API error for an expected failure, undefined for any other. */
export function knownFailure(thrown: unknown): ApiError | undefined {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof CorruptIncidentError)
    return new ApiError('incident_corrupt', thrown.message, { cause: thrown });
  if (!(thrown instanceof Error)) return undefined;
  if (UNSUITABLE.test(thrown.message))
    return new ApiError('redis_unsuitable', `Redis refuses a command: ${thrown.message}`, { cause: thrown });
  if (isWrongType(thrown))
    return new ApiError('redis_unsuitable', `a value in Redis is damaged: ${thrown.message}`, { cause: thrown });
  // Handlers wait for nothing but Redis.
  if ('code' in thrown && thrown.code === 'FST_ERR_HANDLER_TIMEOUT') return redisUnavailable(thrown);
  const status = 'statusCode' in thrown && typeof thrown.statusCode === 'number' ? thrown.statusCode : 500;
  const code = REFUSED.get(status);
  if (code) return new ApiError(code, code === 'uri_too_long' ? LONG_URL : thrown.message, { cause: thrown });
  return status >= 400 && status < 500 ? new ApiError('bad_request', thrown.message, { cause: thrown }) : undefined;
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
