import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { loadKubeconfig } from '@nightcrier/cluster/kubernetes/kubeconfig';
import { KubernetesError } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import { proxyFor } from '@nightcrier/core/settings/proxies';
import { homeDirectory } from '@nightcrier/runtime/configuration/resolve-paths';
import { ExitError } from '@nightcrier/runtime/exit-code';

/** How a cluster is reached, for another kubeconfig. */
export interface ClusterAddress {
  /** Of the cluster's entry. */
  name: string;
  server: string;
  /** Base64 of PEM. */
  authority: string | undefined;
  serverName: string | undefined;
  proxy: string | undefined;
}

/**
 * Returns the operator's kubeconfig: the first file of KUBECONFIG that has the context, by default ~/.kube/config.
 * @throws KubernetesError `kubeconfig` when none can be used
 */
export async function operatorKubeconfig(
  environment: Record<string, string | undefined>,
  context: string | undefined,
): Promise<string> {
  const files = (environment.KUBECONFIG ?? '').split(path.delimiter).filter(Boolean);
  if (files.length === 0) files.push(path.join(homeDirectory(), '.kube/config'));
  let failure: unknown;
  for (const file of files) {
    try {
      await loadKubeconfig(file, context);
      return file;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/** Returns the address of the cluster of a context. @throws ExitError when a token must not be sent there */
export async function clusterAddress(file: string, context: string | undefined): Promise<ClusterAddress> {
  const { kubeconfig } = await loadKubeconfig(file, context);
  const cluster = kubeconfig.getCurrentCluster();
  const name = kubeconfig.getCurrentContext();
  if (!cluster) throw new KubernetesError('kubeconfig', `kubeconfig ${file}: the context ${name} has no cluster`);
  const { server, skipTLSVerify, caData, caFile, tlsServerName, proxyUrl } = cluster;
  if (!server.startsWith('https:')) {
    throw new ExitError(
      'failed',
      `the context ${name} has the server ${server}: the token would be sent unencrypted; use https`,
    );
  }
  if (skipTLSVerify) {
    const advice = 'set certificate-authority in its cluster instead';
    throw new ExitError(
      'failed',
      `the context ${name} does not verify the server (insecure-skip-tls-verify); ${advice}`,
    );
  }
  const fromFile = caFile === undefined ? undefined : (await readFile(caFile)).toString('base64');
  // The proxy of this machine is not that of the one where the new file is used.
  const proxy = proxyUrl === proxyFor(new URL(server)) ? undefined : proxyUrl;
  return { name: cluster.name, server, authority: caData ?? fromFile, serverName: tlsServerName, proxy };
}
