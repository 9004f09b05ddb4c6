import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { describeExcess, isReadOnly, minimumPermissionsMet } from '@nightcrier/core/permissions/cluster-permissions';
import { useProxies } from '@nightcrier/core/settings/proxies';
import { rememberSecret } from '@nightcrier/core/settings/known-secrets';
import { openKubernetes } from '@nightcrier/cluster/kubernetes/client';
import { type Credentials, loadCredentials } from '@nightcrier/cluster/kubernetes/credentials';
import { readIdentity } from '@nightcrier/cluster/kubernetes/identity';
import { KubernetesError } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import { checkPermissions } from '@nightcrier/cluster/kubernetes/permissions/preflight';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { stringify } from 'yaml';
import { parseDuration } from '../lists/duration.ts';
import { clusterAddress, type ClusterAddress, operatorKubeconfig } from './operator-kubeconfig.ts';
import { type IssuedToken, requestToken } from './request-token.ts';

export interface CreateKubeconfigOptions {
  /** Where it is written. */
  file: string;
  /** Name of its cluster and context; default: that of the cluster in the operator's kubeconfig. */
  cluster: string | undefined;
  /** Of the operator's kubeconfig; default: the current one. */
  context: string | undefined;
  /** Of the token, such as `720h`. */
  duration: string;
}

const NAMESPACE = 'nightcrier';
const ACCOUNT = 'nightcrier';

/**
 * `nightcrier kubeconfig create`: has the cluster of the operator's context issue a token of the account `nightcrier`, and writes its
 * kubeconfig: at once or not at all, readable by its owner alone, after the API server has accepted it.
 * @returns the exit code: 1 where the account may do too little, or more than read
 */
export async function createKubeconfig(
  { file, cluster, context, duration }: CreateKubeconfigOptions,
  environment: Record<string, string | undefined>,
): Promise<0 | 1> {
  useProxies(environment);
  const operator = await operatorKubeconfig(environment, context);
  const address = await clusterAddress(operator, context);
  const name = cluster ?? address.name;
  const issued = await issue(await loadCredentials(operator, context), parseDuration(duration));
  const temporary = `${file}.${randomUUID().slice(0, 8)}`;
  try {
    await writePrivate(temporary, kubeconfigOf(name, address, issued));
    const { identity, problems } = await verify(temporary, name);
    await rename(temporary, file);
    const until = issued.expires.toISOString();
    console.error(escapeControls(`wrote ${file}: ${identity} in ${name} (${address.server}), until ${until}`));
    for (const problem of problems) console.error(escapeControls(`warning: ${problem}`));
    return problems.length === 0 ? 0 : 1;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** @throws ExitError */
async function issue(credentials: Credentials, seconds: number): Promise<IssuedToken> {
  try {
    const issued = await requestToken(credentials, { namespace: NAMESPACE, name: ACCOUNT, seconds });
    rememberSecret(issued.token);
    return issued;
  } catch (error) {
    const isMissing = error instanceof KubernetesError && error.code === 'not_found';
    const advice = isMissing ? '; create the account first: nightcrier rbac | kubectl apply -f -' : '';
    const message = error instanceof Error ? error.message : String(error);
    throw new ExitError('failed', `no token of the service account ${NAMESPACE}/${ACCOUNT}: ${message}${advice}`, {
      cause: error,
    });
  } finally {
    await credentials.close();
  }
}

/** Uses the new kubeconfig as Nightcrier does. @throws KubernetesError when the API server does not accept it */
async function verify(file: string, name: string): Promise<{ identity: string; problems: string[] }> {
  await using kubernetes = await openKubernetes(file);
  const signal = AbortSignal.timeout(30_000);
  const [identity, permissions] = await Promise.all([
    readIdentity(kubernetes, signal),
    checkPermissions({ clusterName: name, kubeconfig: file, allowSecretsAccess: false, signal }),
  ]);
  const excess = isReadOnly(permissions) === false ? describeExcess(permissions) : [];
  // Secrets are a question of the configuration.
  const problems = excess.filter((text) => !text.includes('allow_secrets_access'));
  if (!minimumPermissionsMet(permissions)) {
    problems.push('the account cannot read pods, their logs and events: nightcrier rbac | kubectl apply -f -');
  }
  return { identity: identity ?? `system:serviceaccount:${NAMESPACE}:${ACCOUNT}`, problems };
}

function kubeconfigOf(
  name: string,
  { server, authority, serverName, proxy }: ClusterAddress,
  { token }: IssuedToken,
): string {
  const cluster = {
    server,
    ...(authority !== undefined && { 'certificate-authority-data': authority }),
    ...(serverName !== undefined && { 'tls-server-name': serverName }),
    ...(proxy !== undefined && { 'proxy-url': proxy }),
  };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: ACCOUNT } }],
    clusters: [{ name, cluster }],
    users: [{ name: ACCOUNT, user: { token } }],
  });
}

/** @throws Error of the file system that names the file */
async function writePrivate(file: string, text: string): Promise<void> {
  const handle = await open(path.resolve(file), 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
