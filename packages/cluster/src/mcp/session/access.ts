import type { Secret } from '@nightcrier/core/settings/secret';

/** With what a cluster is reached besides its address; read at each connect, so that what was rotated takes effect. */
export interface McpAccess {
  /** Sent as `Authorization: Bearer`. */
  apiKey?: Secret | undefined;
  /** Sent with every request. */
  headers?: Record<string, Secret>;
  /** PEM. A transport of its own is made for it. */
  tls?: TlsFiles;
}

/** Contents, PEM. */
export interface TlsFiles {
  /** Trusted in place of the public authorities. */
  ca?: string | undefined;
  /** The client certificate and its key. */
  cert?: string | undefined;
  key?: string | undefined;
}

/** The headers as they are sent. */
export function accessHeaders({ apiKey, headers = {} }: McpAccess): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()])),
    ...(apiKey && { authorization: `Bearer ${apiKey.reveal()}` }),
  };
}
