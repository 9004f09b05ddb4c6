import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster } from '@kubernetes/client-node';
// Not the package's root: that loads the whole generated client, 60 MB.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { proxyFor } from '@nightcrier/core/settings/proxies';
import { parse } from 'yaml';
import { z } from 'zod';
import { KubernetesError, reasonOf } from './kubernetes-error.ts';

/** A kubeconfig's current context, ready for use. */
export interface CurrentContext {
  kubeconfig: KubeConfig;
  server: URL;
  /** Of the context, else `default`. */
  namespace: string;
}

/** What of a kubeconfig is changed before client-node reads it; all else passes as it is. */
const Kubeconfig = z.looseObject({
  clusters: z
    .array(
      z.looseObject({
        cluster: z.looseObject({ server: z.string().optional(), 'proxy-url': z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
  users: z
    .array(
      z.looseObject({
        user: z
          .looseObject({
            tokenFile: z.string().optional(),
            exec: z.looseObject({ command: z.string().optional() }).nullish(),
          })
          .nullish(),
      }),
    )
    .nullish(),
});

/**
 * Reads a kubeconfig and takes its current context. Relative paths in it are relative to its folder.
 * @throws KubernetesError `kubeconfig`, with the file, what is wrong with it and what to do.
 */
export async function loadKubeconfig(file: string): Promise<CurrentContext> {
  const broken = (problem: string, cause?: unknown): KubernetesError =>
    new KubernetesError('kubeconfig', `kubeconfig ${file}: ${problem}`, { cause });

  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw broken(
      missing
        ? "no such file; set the cluster's triage.kubeconfig to an existing one"
        : `cannot be read (${reasonOf(error)}); check that it is a file that this user may read`,
      error,
    );
  }

  const kubeconfig = new KubeConfig();
  try {
    const adapted = adaptToClient(Kubeconfig.parse(parse(text)), path.dirname(file));
    kubeconfig.loadFromString(JSON.stringify(adapted));
    kubeconfig.makePathsAbsolute(path.dirname(file));
  } catch (error) {
    throw broken(`is not a valid kubeconfig (${reasonOf(error)}); see what \`kubectl config view\` says`, error);
  }

  const name = kubeconfig.getCurrentContext();
  if (!name) throw broken('has no current-context; set one with `kubectl config use-context`');
  const context = kubeconfig.getContextObject(name);
  if (!context) throw broken(`has no context "${name}", which its current-context names; correct one of the two`);
  const cluster = kubeconfig.getCluster(context.cluster);
  if (!cluster) throw broken(`has no cluster "${context.cluster}", which the context "${name}" names; add it`);
  if (!kubeconfig.getUser(context.user)) {
    throw broken(`has no user "${context.user}", which the context "${name}" names; add it`);
  }
  return { kubeconfig, server: serverOf(cluster, broken), namespace: context.namespace ?? 'default' };
}

function serverOf(cluster: Cluster, broken: (problem: string) => KubernetesError): URL {
  const server = URL.canParse(cluster.server) ? new URL(cluster.server) : undefined;
  if (server !== undefined && /^https?:$/.test(server.protocol)) return server;
  throw broken(`cluster "${cluster.name}" has the server "${cluster.server}"; give an http(s) URL`);
}

/** Where client-node 2.0 and kubectl read the same file differently, says it in the way client-node understands. */
function adaptToClient(content: z.infer<typeof Kubeconfig>, directory: string): unknown {
  for (const { cluster } of content.clusters ?? []) {
    // client-node refuses plain HTTP unless told that there is no certificate to verify.
    if (cluster?.server?.startsWith('http:')) cluster['insecure-skip-tls-verify'] = true;
    // client-node does not read HTTPS_PROXY, which kubectl follows where the cluster has no proxy of its own.
    const server = cluster?.server === undefined ? null : URL.parse(cluster.server);
    if (cluster && server) cluster['proxy-url'] ||= proxyFor(server);
  }
  for (const { user } of content.users ?? []) {
    if (user?.tokenFile) {
      // To kubectl this wins over `token`; client-node does not know the field, but reads such an auth-provider.
      user['auth-provider'] = { name: 'tokenFile', config: { tokenFile: path.resolve(directory, user.tokenFile) } };
      delete user['token'];
    }
    if (user?.exec?.command?.includes('/')) user.exec.command = path.resolve(directory, user.exec.command);
  }
  return content;
}
