import type { Secret } from '@nightcrier/core/settings/secret';

/** Credentials, headers and certificates for a server. Read at each connect, so that a rotation takes effect. */
export interface McpAccess {
  /** Sent as `Authorization: Bearer`. */
  apiKey?: Secret | undefined;
  /** Sent with every request. */
  headers?: Record<string, Secret>;
  /** A connection with certificates has its own transport. */
  tls?: TlsFiles;
}

/** Contents, PEM. */
export interface TlsFiles {
  /** Replaces the public authorities. */
  ca?: string | undefined;
  /** The client certificate and its key. */
  cert?: string | undefined;
  key?: string | undefined;
}

/** Returns the headers of each request. */
export function accessHeaders({ apiKey, headers = {} }: McpAccess): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()])),
    ...(apiKey && { authorization: `Bearer ${apiKey.reveal()}` }),
  };
}
