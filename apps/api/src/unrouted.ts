import { PROBLEM_JSON } from '@nightcrier/core/api/errors';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from './api-error.ts';
import { failureBody, internalFailure, knownFailure } from './error-handling.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Answers a request that the framework refuses before any hook runs, such as one with a malformed URL. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const body = failureBody(knownFailure(error) ?? internalFailure(error), request.url);
  // Not an object: the reply has no serialiser yet.
  void reply.status(body.status).headers(SECURITY_HEADERS).type(PROBLEM_JSON).send(JSON.stringify(body));
}

/** Answers what is no HTTP request, or one whose headers are too large, and closes the connection. */
export function answerUnparsed(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const failure =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new ApiError('headers_too_large', 'the headers of the request are too large')
      : new ApiError('bad_request', 'the request is not valid HTTP');
  const body = failureBody(failure);
  const text = JSON.stringify(body);
  const headers = Object.entries({
    ...SECURITY_HEADERS,
    'content-type': PROBLEM_JSON,
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${body.status} ${STATUS_CODES[body.status] ?? ''}\r\n${headers.join('')}\r\n${text}`);
}
