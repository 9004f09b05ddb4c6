import { Dispatcher } from 'undici';
import { OutgoingDispatcher, type OutgoingOptions } from '../../outgoing/dispatcher.ts';
import type { TlsFiles } from './access.ts';

/**
 * The connections of many sessions. Event streams have a pool of their own: a request would look through all of them for an idle
 * connection, and a process holds thousands behind one address.
 */
class McpTransport extends Dispatcher {
  readonly #streams: OutgoingDispatcher;
  readonly #requests: OutgoingDispatcher;

  constructor(options: OutgoingOptions) {
    super();
    this.#streams = new OutgoingDispatcher(options);
    this.#requests = new OutgoingDispatcher(options);
  }

  /** Figures of the direct connections that carry event streams, by origin. */
  get stats(): OutgoingDispatcher['stats'] {
    return this.#streams.stats;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return (options.method === 'GET' ? this.#streams : this.#requests).dispatch(options, handler);
  }

  override async close(): Promise<void> {
    await Promise.all([this.#streams.close(), this.#requests.close()]);
  }

  override async destroy(): Promise<void> {
    await Promise.all([this.#streams.destroy(), this.#requests.destroy()]);
  }
}

/**
 * Creates the HTTP transport that all cluster connections of a process share (cluster-registry.md, "Shared HTTP
 * Transport"; design.md, "HTTP Transport Configuration"). Unlike the design it has no bound on connections per host: each
 * event stream holds one for as long as the cluster is watched, and a bound would block clusters behind one ingress. Idle
 * connections are closed after 4 s instead. A cluster with its own certificates gets its own transport.
 * Requests go through the proxy that the environment names.
 */
export function createMcpTransport(tls: TlsFiles = {}): McpTransport {
  return new McpTransport({
    connections: null,
    pipelining: 1,
    allowH2: false,
    // Longer than the 90 s that a subscription may take; every request has a deadline of its own. Event streams have none.
    headersTimeout: 100_000,
    bodyTimeout: 100_000,
    keepAliveTimeout: 4_000,
    // The timeout includes the TLS handshake. The kernel's probes detect a dead peer in about 25 s.
    connect: { timeout: 5_000, keepAlive: true, keepAliveInitialDelay: 15_000, ...tls },
  });
}
