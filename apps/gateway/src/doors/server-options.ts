import http, { type RequestListener, type Server, type ServerOptions } from 'node:http';
import https from 'node:https';
import type { KeyPair } from './authority.ts';

/** Milliseconds that a client may take. */
export interface ClientTimes {
  /** From a connection to the end of its TLS handshake. */
  handshake: number;
  /** From a connection, or the answer before, to the end of the headers of a request. */
  headers: number;
  /** Until the request has been received. */
  request: number;
  /** How often the two above are checked: a connection that sends nothing, or byte by byte, ends soon after them. */
  check: number;
}

export const CLIENT_TIMES: ClientTimes = { handshake: 10_000, headers: 20_000, request: 120_000, check: 5_000 };

/** Bounds of every server that an agent can reach: what it sends is small, and comes soon. */
function serverOptions({ headers, request, check }: ClientTimes): ServerOptions {
  return {
    insecureHTTPParser: false,
    maxHeaderSize: 32 * 1024,
    headersTimeout: headers,
    requestTimeout: request,
    connectionsCheckingInterval: check,
    keepAliveTimeout: 60_000,
    joinDuplicateHeaders: false,
    requireHostHeader: true,
  };
}

/** kubectl sends its token over TLS only. HTTP/2 is not negotiated. */
export function tlsServer({ cert, key }: KeyPair, times: ClientTimes, handle: RequestListener): Server {
  const tls = { cert, key, ALPNProtocols: ['http/1.1'], handshakeTimeout: times.handshake };
  return https.createServer({ ...tls, ...serverOptions(times) }, handle);
}

export function plainServer(times: ClientTimes, handle: RequestListener): Server {
  return http.createServer(serverOptions(times), handle);
}

/** Stops to listen and closes every connection. */
export async function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}
