import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '@nightcrier/core/logger';
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
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead && path === '/healthz') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
    } else if (isRead && path === '/metrics') {
      PROCESS_METRICS.metrics().then(
        (text) => response.writeHead(200, { 'content-type': PROCESS_METRICS.contentType }).end(text),
        (error: unknown) => {
          logger.error({ error }, 'metrics not written');
          response.writeHead(500).end();
        },
      );
    } else {
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end('{"error":{"code":"not_found","message":"only /metrics and /healthz"}}');
    }
  });
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
