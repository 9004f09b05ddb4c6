import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PROBLEM_JSON } from '@nightcrier/core/api/errors';
import type { Logger } from '@nightcrier/core/logger';
import { failureBody } from '../http/failure-body.ts';
import { HttpError, httpError } from '../http/http-error.ts';
import { assertOneHost } from '../http/one-host.ts';
import { SECURITY_HEADERS } from '../http/security-headers.ts';
import { answerUnparsed, answerUnrouted } from '../http/unrouted.ts';
import { cannotListen } from './cannot-listen.ts';
import { measureProcess, PROCESS_METRICS } from './process-metrics.ts';

export interface MetricsServer {
  url: string;
  stop(): Promise<void>;
}

/**
 * Serves `/metrics` of this process, and `/healthz`, which answers as long as the process does.
 * @throws Error when the address is in use
 */
export async function serveMetrics(
  { host, port }: { host: string; port: number },
  logger: Logger,
): Promise<MetricsServer> {
  measureProcess();
  // Node would answer a request without a Host header in its own form.
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    answer(request, response).catch((error: unknown) => {
      if (!(error instanceof HttpError)) logger.error({ error }, 'metrics not written');
      fail(
        request,
        response,
        error instanceof HttpError ? error : httpError('internal', 'internal error; see the log'),
      );
    });
  });
  answerUnrouted(server);
  server.on('clientError', answerUnparsed);
  server.requestTimeout = 10_000;
  await listening(server, host, port);
  const { port: actual } = addressOf(server);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
  logger.info({ url }, 'metrics server started');
  return {
    url,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** @throws HttpError */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  assertOneHost(request);
  const { method = '', url = '' } = request;
  const [path = ''] = url.replace(/^https?:\/\/[^/?#]*/i, '').split('?', 1);
  if (path !== '/healthz' && path !== '/metrics') throw httpError('not_found', 'only /metrics and /healthz');
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    throw httpError('method_not_allowed', `${path} has no ${method}; use GET or HEAD`);
  }
  if (path === '/healthz') response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
  else {
    const text = await PROCESS_METRICS.metrics();
    response.writeHead(200, { 'content-type': PROCESS_METRICS.contentType }).end(text);
  }
}

function fail({ url }: IncomingMessage, response: ServerResponse, error: HttpError): void {
  const body = failureBody(error, url);
  const text = JSON.stringify(body);
  const headers = { 'content-type': PROBLEM_JSON, 'content-length': Buffer.byteLength(text) };
  response.writeHead(body.status, headers).end(text);
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen({ what: 'metrics cannot be served', setting: 'metrics', host, port }, cause);
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the metrics server has no port');
  return address;
}
