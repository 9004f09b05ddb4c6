import { PROBLEM_JSON } from '@nightcrier/core/api/errors';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { failureBody } from './failure-body.ts';
import { type HttpError, httpError } from './http-error.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Answers what is no HTTP request, or one whose headers are too large, and closes the connection. */
export function answerUnparsed(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  answerOnSocket(unparsed(error.code), socket);
}

function unparsed(code: string | undefined): HttpError {
  if (code === 'HPE_HEADER_OVERFLOW') return httpError('headers_too_large', 'the headers of the request are too large');
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW')
    return httpError('body_too_large', 'the chunk extensions of the request are too large');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return httpError('request_timeout', 'the request did not arrive in time');
  return httpError('bad_request', 'the request is not valid HTTP');
}

/** Takes over what Node's server answers in its own form, or drops: `CONNECT`, and `Expect` with an unknown value, which is ignored. */
export function answerUnrouted(server: Server): void {
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    answerOnSocket(httpError('bad_request', 'CONNECT is not supported: this is no proxy'), socket);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response);
  });
}

function answerOnSocket(failure: HttpError, socket: Duplex): void {
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
