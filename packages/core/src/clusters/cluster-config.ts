import { z } from 'zod';
import { flag, httpUrl, secret } from '../settings/config-fields.ts';

/** How to reach a cluster's kubernetes-mcp-server (design.md, "ClusterConfig"). */
export const MCPConfig = z.strictObject({
  /** The server's streamable HTTP endpoint. */
  endpoint: httpUrl(),
  /** Sent as `Authorization: Bearer`. */
  api_key: secret().optional(),
  /** A file that holds the key; read again on each connect. */
  api_key_file: z.string().min(1).optional(),
  /** PEM: the authorities that are trusted for this server, in place of the public ones. */
  ca_file: z.string().min(1).optional(),
  /** PEM: the client certificate and its key, for servers that ask for one. */
  client_cert_file: z.string().min(1).optional(),
  client_key_file: z.string().min(1).optional(),
  /** Sent with every request; the values are secrets. */
  headers: z
    .record(
      z.string().regex(/^(?!(?:host|content-.*|accept|connection|mcp-.*)$)[A-Za-z0-9!#$%&'*+.^_`|~-]+$/i, {
        error: 'must be the name of an HTTP header that MCP does not need for itself',
      }),
      secret(),
    )
    .optional(),
});
export type MCPConfig = z.infer<typeof MCPConfig>;

/** What triage may use in a cluster (design.md, "ClusterConfig"). */
export const TriageConfig = z.strictObject({
  enabled: flag().default(false),
  /** Path of the kubeconfig that investigations use; required when enabled. */
  kubeconfig: z.string().min(1).optional(),
  /** Whether investigations may read secrets and configmaps (Helm debugging). A conscious trade-off: off by default. */
  allow_secrets_access: flag().default(false),
});
export type TriageConfig = z.infer<typeof TriageConfig>;

/** One cluster: its connection and its triage settings. */
export const ClusterConfig = z.strictObject({
  // The name becomes part of file names, Redis keys and metric labels.
  name: z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/, {
    error: 'must be 1 to 100 letters, digits, ".", "_" or "-", beginning and ending with a letter or digit',
  }),
  environment: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  mcp: MCPConfig,
  triage: TriageConfig.default({ enabled: false, allow_secrets_access: false }),
});
export type ClusterConfig = z.infer<typeof ClusterConfig>;

/** The short form of cluster-registry.md: all three fields are required, and triage is enabled. */
export const FlatClusterConfig = z.strictObject({
  name: ClusterConfig.shape.name,
  environment: ClusterConfig.shape.environment,
  labels: ClusterConfig.shape.labels,
  mcp_endpoint: httpUrl(),
  kubeconfig: z.string().min(1),
});

/** The short form as a {@link ClusterConfig}. */
export function expandFlatCluster(flat: z.infer<typeof FlatClusterConfig>): ClusterConfig {
  const { mcp_endpoint: endpoint, kubeconfig, ...rest } = flat;
  return { ...rest, mcp: { endpoint }, triage: { enabled: true, kubeconfig, allow_secrets_access: false } };
}
