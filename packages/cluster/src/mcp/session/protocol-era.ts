import type { Client, PriorDiscovery, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/**
 * Remembers which protocol a server speaks. It is asked once (`server/discover`, and if it does not know that, `initialize`):
 * revisions from 2026-07-28 on have neither handshake nor session, and each request stands alone. Kept for as long as a cluster
 * is watched; asked anew when a connect fails, because the server may have been replaced.
 */
export class ProtocolEra {
  #known: PriorDiscovery | undefined;

  /** Connects a client. @throws what the client throws */
  async connect(client: Client, transport: StreamableHTTPClientTransport, timeout: number): Promise<void> {
    const prior = this.#known;
    this.#known = undefined;
    await client.connect(transport, { timeout, ...(prior && { prior }) });
    const discover = client.getDiscoverResult();
    const isStateless = client.getProtocolEra() === 'modern';
    this.#known = isStateless && discover ? { kind: 'modern', discover } : { kind: 'legacy' };
  }
}
