import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster } from '@kubernetes/client-node';
// Not the package's root: that loads the whole generated client, 60 MB.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { rememberSecret, rememberSecretsOf } from '@nightcrier/core/settings/known-secrets';
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
  /** Of all contexts of the same cluster. */
  contextNamespaces: string[];
  /** Headers of the groups, uid and extra fields that client-node does not send. */
  impersonation: Record<string, string | string[]>;
  /** The credential command of the user. */
  command: string | undefined;
}

/** What of a kubeconfig is changed before client-node reads it; all else passes as it is. */
const Kubeconfig = z.looseObject({
  'current-context': z.string().nullish(),
  contexts: z
    .array(
      z.looseObject({
        name: z.string(),
        context: z.looseObject({ cluster: z.string(), user: z.string(), namespace: z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
  clusters: z
    .array(
      z.looseObject({
        name: z.string(),
        cluster: z.looseObject({ server: z.string().optional(), 'proxy-url': z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
  users: z
    .array(
      z.looseObject({
        name: z.string(),
        user: z
          .looseObject({
            token: z.string().nullish(),
            tokenFile: z.string().nullish(),
            as: z.string().nullish(),
            'as-groups': z.array(z.string()).nullish(),
            'as-uid': z.string().nullish(),
            'as-user-extra': z.record(z.string(), z.array(z.string())).nullish(),
            exec: z.looseObject({ command: z.string().min(1) }).nullish(),
          })
          .nullish(),
      }),
    )
    .nullish(),
});

const ProviderConfig = z.object({ config: z.record(z.string(), z.unknown()) });
const CommandEnvironment = z.array(z.object({ name: z.string().regex(/pass|secret|token|key/i), value: z.string() }));

/**
 * Reads a kubeconfig and takes its current context. Relative paths in it are relative to its folder.
 * @param asCurrent the context to take in place of the current one
 * @throws KubernetesError `kubeconfig`, with the file, what is wrong with it and what to do.
 */
export async function loadKubeconfig(file: string, asCurrent?: string): Promise<CurrentContext> {
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

  if (text.trim() === '') throw broken('is empty; write one with `kubectl config view --minify --flatten`');
  const kubeconfig = new KubeConfig();
  let content: z.infer<typeof Kubeconfig>;
  try {
    content = Kubeconfig.parse(parse(text, { merge: true, maxAliasCount: 100 }));
    rememberCredentials(content);
    if (asCurrent !== undefined) content['current-context'] = asCurrent;
    const adapted = adaptToClient(content, path.dirname(file));
    kubeconfig.loadFromString(JSON.stringify(adapted));
    kubeconfig.makePathsAbsolute(path.dirname(file));
  } catch (error) {
    throw broken(`is not a valid kubeconfig (${problemOf(error)}); see what \`kubectl config view\` says`, error);
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
  const user = content.users?.find(({ name: one }) => one === context.user)?.user;
  const extra = Object.keys(user?.['as-user-extra'] ?? {});
  if (user && !user.as && (user['as-groups']?.length || user['as-uid'] || extra.length > 0)) {
    const fields = 'as-groups, as-uid or as-user-extra';
    throw broken(`the user "${context.user}" has ${fields} without "as"; name whom to impersonate`);
  }
  return {
    kubeconfig,
    server: serverOf(cluster, broken),
    namespace: context.namespace ?? 'default',
    contextNamespaces: kubeconfig
      .getContexts()
      .flatMap((other) => (other.cluster === context.cluster && other.namespace) || []),
    impersonation: user ? impersonationOf(user) : {},
    command: user?.exec?.command,
  };
}

/** The fields of a user, and of its older authentication providers, that hold a secret. */
const CREDENTIAL = /token$|password|secret|key-data$/i;

/** Errors of API servers, proxies and libraries can repeat what they were sent. */
function rememberCredentials({ clusters, users }: z.infer<typeof Kubeconfig>): void {
  for (const { cluster } of clusters ?? [])
    for (const url of [cluster?.server, cluster?.['proxy-url']]) if (url) rememberSecretsOf(url);
  for (const { user } of users ?? []) {
    const provider = ProviderConfig.safeParse(user?.['auth-provider']).data?.config;
    for (const [name, value] of Object.entries({ ...user, ...provider }))
      if (typeof value === 'string' && CREDENTIAL.test(name)) rememberSecret(value);
    for (const { value } of CommandEnvironment.safeParse(user?.exec?.env).data ?? []) rememberSecret(value);
  }
}

type User = NonNullable<NonNullable<z.infer<typeof Kubeconfig>['users']>[number]['user']>;

/** As kubectl sends it. */
function impersonationOf({
  'as-groups': groups,
  'as-uid': uid,
  'as-user-extra': extra,
}: User): CurrentContext['impersonation'] {
  return {
    ...(groups && groups.length > 0 && { 'impersonate-group': groups }),
    ...(uid && { 'impersonate-uid': uid }),
    ...Object.fromEntries(
      Object.entries(extra ?? {}).map(([key, values]) => [`impersonate-extra-${escapeHeaderName(key)}`, values]),
    ),
  };
}

/** Escapes what is not allowed in the name of a header, which includes parentheses. */
function escapeHeaderName(key: string): string {
  return encodeURIComponent(key).replaceAll('(', '%28').replaceAll(')', '%29');
}

/** The first thing that is wrong, with its place; never a value, which may be a credential. */
function problemOf(error: unknown): string {
  // An error of YAML shows the line.
  if (!(error instanceof z.ZodError))
    return error instanceof Error && error.name === 'YAMLParseError' ? 'it is not valid YAML' : reasonOf(error);
  const [issue] = error.issues;
  const at = issue?.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('') ?? '';
  return `${at.replace(/^\./, '') || 'the file'}: ${issue?.message ?? 'invalid'}`;
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
