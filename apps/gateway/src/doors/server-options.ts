import type { Server, ServerOptions } from 'node:http';

/** Bounds of every server that an agent can reach: what it sends is small, and comes soon. */
export const serverOptions = {
  insecureHTTPParser: false,
  maxHeaderSize: 32 * 1024,
  headersTimeout: 20_000,
  requestTimeout: 120_000,
  // How often the two timeouts above are checked: a connection that sends nothing, or byte by byte, ends soon after them.
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 60_000,
  joinDuplicateHeaders: false,
  requireHostHeader: true,
} satisfies ServerOptions;

/** Stops to listen and closes every connection. */
export async function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}
