import {
  type Client,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type PriorDiscovery,
  PROTOCOL_VERSION_META_KEY,
  type StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import pTimeout from 'p-timeout';
import { VERSION } from '@nightcrier/core/version';

/** What servers are given about this client. */
export const CLIENT = { name: 'nightcrier', version: VERSION };

/**
 * Returns what a request carries where no session knows it: in the body, and again in headers for proxies.
 * @param tool of a call
 */
export function standaloneCall(
  version: string,
  method: string,
  tool: string | undefined,
): { headers: Record<string, string>; meta: Record<string, unknown> } {
  return {
    headers: {
      'mcp-protocol-version': version,
      'mcp-method': method,
      ...(tool !== undefined && { 'mcp-name': tool }),
    },
    meta: {
      [PROTOCOL_VERSION_META_KEY]: version,
      [CLIENT_INFO_META_KEY]: CLIENT,
      [CLIENT_CAPABILITIES_META_KEY]: {},
    },
  };
}

/** Asking the server takes no longer, ms. */
const RECALL_MS = 300;

/**
 * Remembers which protocol a server speaks. It is asked once (`server/discover`, and if it does not know that, `initialize`):
 * revisions from 2026-07-28 on have neither handshake nor session, and each request stands alone. Kept for as long as a cluster
 * is watched; asked anew when a connect fails, because the server may have been replaced. The first time, another ingester may have
 * found it out shortly before.
 */
export class ProtocolEra {
  #known: PriorDiscovery | undefined;
  #recall: (() => Promise<boolean>) | undefined;

  /** @param recall returns whether the server was lately found to keep sessions; may reject, or take too long */
  constructor(recall?: () => Promise<boolean>) {
    this.#recall = recall;
  }

  /** Whether the server keeps sessions. */
  get hasSessions(): boolean {
    return this.#known?.kind === 'legacy';
  }

  /** Connects a client. @throws what the client throws */
  async connect(client: Client, transport: StreamableHTTPClientTransport, timeout: number): Promise<void> {
    const prior = this.#known ?? (await this.#recalled());
    this.#known = undefined;
    await client.connect(transport, { timeout, ...(prior && { prior }) });
    const discover = client.getDiscoverResult();
    const isStateless = client.getProtocolEra() === 'modern';
    this.#known = isStateless && discover ? { kind: 'modern', discover } : { kind: 'legacy' };
  }

  /** Asks once. */
  async #recalled(): Promise<PriorDiscovery | undefined> {
    const recall = this.#recall;
    this.#recall = undefined;
    if (!recall) return undefined;
    const hasSessions = await pTimeout(recall(), { milliseconds: RECALL_MS, fallback: () => false }).catch(() => false);
    return hasSessions ? { kind: 'legacy' } : undefined;
  }
}
