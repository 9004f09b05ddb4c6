import { Agent } from 'undici';
import type { TlsFiles } from './access.ts';

/**
 * The one HTTP transport that all cluster connections of a process share (cluster-registry.md, "Shared HTTP
 * Transport"). Idle connections are without a bound: each cluster holds an event stream for as long as it is watched,
 * and a bound per origin would deadlock many clusters behind one ingress. A cluster with certificates of its own gets a
 * transport of its own.
 */
export function createMcpTransport(tls: TlsFiles = {}): Agent {
  return new Agent({
    connections: null,
    pipelining: 1,
    allowH2: false,
    // Longer than the 90 s that a subscription may take. Event streams lift the body timeout for themselves.
    headersTimeout: 100_000,
    bodyTimeout: 100_000,
    keepAliveTimeout: 4_000,
    // The kernel's probes find a peer that is gone without a word in about 25 s.
    connect: { timeout: 5_000, keepAlive: true, keepAliveInitialDelay: 15_000, ...tls },
  });
}
