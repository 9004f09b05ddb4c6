import { z } from 'zod';
import { filePath, flag, httpUrl, secret, text, withSecretFiles } from '../settings/config-fields.ts';
import { monitoring } from '../settings/sections/monitoring.ts';

/** How to reach a cluster's kubernetes-mcp-server (design.md, "ClusterConfig"). */
export const MCPConfig = z.strictObject(
  withSecretFiles({
    endpoint: httpUrl().meta({ description: 'Streamable HTTP endpoint of the kubernetes-mcp-server.' }),
    api_key: secret().optional().meta({ description: 'Key that is sent as a Bearer token.' }),
    ca_file: filePath('file').optional().meta({
      description: 'PEM file of the authorities that are trusted for this server, in place of the public ones.',
    }),
    client_cert_file: filePath('file')
      .optional()
      .meta({ description: 'PEM file of the client certificate, for servers that ask for one.' }),
    client_key_file: filePath('file')
      .optional()
      .meta({ description: 'PEM file of the key of the client certificate.' }),
    headers: z
      .record(
        z.string().regex(/^(?!(?:host|content-.*|accept|connection|mcp-.*)$)[A-Za-z0-9!#$%&'*+.^_`|~-]+$/i, {
          error: 'must be the name of an HTTP header that MCP does not need for itself',
        }),
        secret(),
      )
      .optional()
      .meta({ description: 'Headers that are sent with every request. Their values are secrets.' }),
  }),
);
export type MCPConfig = z.infer<typeof MCPConfig>;

/** What triage may use in a cluster (design.md, "ClusterConfig"). */
export const TriageConfig = z.strictObject({
  enabled: flag()
    .default(false)
    .meta({ description: 'Whether faults are investigated. If not, they are logged and counted.' }),
  kubeconfig: filePath('file').optional().meta({
    description: 'Kubeconfig that investigations use: of a read-only service account. Required when enabled.',
  }),
  allow_secrets_access: flag()
    .default(false)
    .meta({ description: 'Whether investigations may read Secrets and ConfigMaps, for Helm debugging.' }),
});
export type TriageConfig = z.infer<typeof TriageConfig>;

/** The Prometheus and Alertmanager of one cluster, in place of those of all clusters. */
export const MonitoringConfig = z.strictObject({
  ...monitoring,
  cluster_value: text()
    .optional()
    .meta({ description: 'Value of cluster_label, where it is not the name of the cluster.' }),
});
export type MonitoringConfig = z.infer<typeof MonitoringConfig>;

/** One cluster: its connection and its triage settings. */
export const ClusterConfig = z.strictObject({
  // The name becomes part of file names, Redis keys and metric labels.
  name: z
    .string()
    .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/, {
      error: 'must be 1 to 100 letters, digits, ".", "_" or "-", beginning and ending with a letter or digit',
    })
    .meta({ description: 'Unique name, which health, logs and notifications show.' }),
  environment: z.string().optional().meta({ description: 'Environment, such as production.' }),
  labels: z.record(z.string(), z.string()).default({}).meta({ description: 'Labels that incidents carry.' }),
  source: z.enum(['mcp', 'kubernetes']).optional().meta({
    description:
      'Where faults come from: mcp (default), or kubernetes: a watch of the Kubernetes API with triage.kubeconfig, for clusters without an MCP server.',
  }),
  supplement: z.enum(['watch']).optional().meta({
    description:
      "watch: the Kubernetes API is watched beside the MCP server, so that nothing depends on the server's detectors.",
  }),
  monitoring: MonitoringConfig.optional().meta({
    description: 'Prometheus and Alertmanager of this cluster, in place of the section monitoring.',
  }),
  mcp: MCPConfig,
  triage: TriageConfig.default({ enabled: false, allow_secrets_access: false }),
});
/** `mcp` is missing only where the source is `kubernetes`. */
export type ClusterConfig = Omit<z.infer<typeof ClusterConfig>, 'mcp'> & { mcp?: MCPConfig | undefined };

/** A cluster that is watched through its Kubernetes API, and needs no MCP server. */
export const WatchedClusterConfig = ClusterConfig.omit({ mcp: true, supplement: true }).extend({
  source: z.literal('kubernetes').meta({ description: 'A watch of the Kubernetes API with triage.kubeconfig.' }),
});

/** The short form of cluster-registry.md: name, endpoint and kubeconfig are required, and triage is enabled. */
export const FlatClusterConfig = z.strictObject({
  name: ClusterConfig.shape.name,
  environment: ClusterConfig.shape.environment,
  labels: ClusterConfig.shape.labels,
  mcp_endpoint: httpUrl().meta({ description: 'Streamable HTTP endpoint of the kubernetes-mcp-server.' }),
  kubeconfig: text().meta({ description: 'Kubeconfig that investigations use: of a read-only service account.' }),
});

/** Returns the short form as a {@link ClusterConfig}. */
export function expandFlatCluster(flat: z.infer<typeof FlatClusterConfig>): ClusterConfig {
  const { mcp_endpoint: endpoint, kubeconfig, ...rest } = flat;
  return { ...rest, mcp: { endpoint }, triage: { enabled: true, kubeconfig, allow_secrets_access: false } };
}
