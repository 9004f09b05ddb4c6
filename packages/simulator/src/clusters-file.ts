import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { SimulatedCluster } from './simulated-cluster.ts';

/** Addresses and kubeconfig of a simulated cluster. */
export interface ClusterAddress {
  name: string;
  mcp_endpoint: string;
  kubernetes_url: string;
  /** Absolute path. */
  kubeconfig: string;
}

/**
 * Writes `<folder>/<cluster>.kubeconfig` for each cluster and `<folder>/clusters.yaml`, a configuration file for
 * Nightcrier with just these clusters. Only the owner can read files with credentials.
 */
export async function writeClusterFiles(
  clusters: readonly SimulatedCluster[],
  folder: string,
): Promise<ClusterAddress[]> {
  await mkdir(folder, { recursive: true });
  const addresses = await Promise.all(
    clusters.map(async (cluster) => {
      const kubeconfig = resolve(folder, `${cluster.name}.kubeconfig`);
      await replaceFile(kubeconfig, cluster.kubeconfig());
      return {
        name: cluster.name,
        mcp_endpoint: cluster.mcpEndpoint,
        kubernetes_url: cluster.kubernetesUrl,
        kubeconfig,
      };
    }),
  );
  const entries = addresses.map(({ name, mcp_endpoint, kubeconfig }) => ({
    name,
    environment: 'simulated',
    labels: { simulated: 'true' },
    mcp: { endpoint: mcp_endpoint },
    triage: { enabled: true, kubeconfig },
  }));
  await replaceFile(join(folder, 'clusters.yaml'), stringify({ clusters: entries }));
  return addresses;
}

/** Replaces a file atomically, so that no reader sees half of it. */
async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, content, { mode: 0o600 });
  await rename(temporary, path);
}
