import { PROBLEM_JSON } from '@nightcrier/core/api/errors';
import { failureBody } from '@nightcrier/runtime/http/failure-body';
import { SECURITY_HEADERS } from '@nightcrier/runtime/http/security-headers';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { internalFailure, knownFailure } from './error-handling.ts';

/** Answers a request that the framework refuses before any hook runs, such as one with a malformed URL. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const body = failureBody(knownFailure(error) ?? internalFailure(error), request.url);
  // Not an object: the reply has no serialiser yet.
  void reply.status(body.status).headers(SECURITY_HEADERS).type(PROBLEM_JSON).send(JSON.stringify(body));
}
