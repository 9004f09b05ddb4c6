import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from './api-error.ts';
import { failureResponse, internalFailure, knownFailure } from './error-handling.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Answers a request that the framework refuses before any hook runs, such as one with a malformed URL. */
export function answerFrameworkError(error: FastifyError, _: FastifyRequest, reply: FastifyReply): void {
  const { status, body } = failureResponse(knownFailure(error) ?? internalFailure(error));
  void reply.status(status).headers(SECURITY_HEADERS).type('application/json; charset=utf-8').send(body);
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
  const { status, body } = failureResponse(failure);
  const text = JSON.stringify(body);
  const headers = Object.entries({
    ...SECURITY_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${headers.join('')}\r\n${text}`);
}
