import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import {
  type ClusterPermissions,
  describeExcess,
  isReadOnly,
  minimumPermissionsMet,
} from '@nightcrier/core/permissions/cluster-permissions';
import { openKubernetes } from '@nightcrier/cluster/kubernetes/client';
import { type CredentialEnd, credentialEnd, readIdentity } from '@nightcrier/cluster/kubernetes/identity';
import { KubernetesError, type KubernetesErrorCode } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import { checkPermissions } from '@nightcrier/cluster/kubernetes/permissions/preflight';
import { WATCHED_RESOURCES } from '@nightcrier/cluster/sight/missing-rule';
import type { Check, CheckContext } from '../check.ts';
import { failed, type Finding, ok, reasonOf, skipped, warning } from '../finding.ts';
import { quoted } from './secret-files.ts';

/** A credential that ends within this time is a warning, ms. */
const SOON_MS = 3 * 86_400_000;

/** The kubeconfig of each cluster: who it is, until when, and what it may do. */
export const kubeconfigs: Check = {
  name: 'kubeconfig',
  examine: (context) =>
    context.config.clusters.map((cluster) => ({
      subject: cluster.name,
      timeoutMs: 60_000,
      run: async (signal) => inspect(cluster, context, signal),
    })),
};

async function inspect(cluster: ClusterConfig, context: CheckContext, signal: AbortSignal): Promise<Finding[]> {
  const { name, triage, source, supplement } = cluster;
  const { kubeconfig } = triage;
  if (kubeconfig === undefined) return [skipped(name, 'triage is disabled: the cluster has no kubeconfig')];
  const renew = `nightcrier kubeconfig create ${quoted(kubeconfig)} --cluster ${name}`;
  let end: CredentialEnd | undefined;
  try {
    end = await credentialEnd(kubeconfig);
    const expired = describeEnd(name, end, context.now(), renew);
    if (expired?.state === 'failed') return [expired];
    await using kubernetes = await openKubernetes(kubeconfig);
    const isWatched = source === 'kubernetes' || supplement === 'watch';
    const [identity, permissions] = await Promise.all([
      readIdentity(kubernetes, signal),
      checkPermissions({
        clusterName: name,
        kubeconfig,
        allowSecretsAccess: triage.allow_secrets_access,
        watched: isWatched ? WATCHED_RESOURCES : undefined,
        signal,
      }),
    ]);
    const found = [...(expired ? [expired] : []), ...judge(name, permissions, context.config, renew)];
    const until = end === undefined ? '' : `, ${end.what} until ${end.expires.toISOString().slice(0, 16)}Z`;
    return found.length > 0 ? found : [ok(name, `${identity ?? 'the user'} only reads${until}`)];
  } catch (error) {
    const code = error instanceof KubernetesError ? error.code : 'http';
    return [failed(name, reasonOf(error), fixOf(code, kubeconfig, renew))];
  }
}

function describeEnd(name: string, end: CredentialEnd | undefined, now: number, renew: string): Finding | undefined {
  if (!end) return undefined;
  const { what, expires } = end;
  const left = expires.getTime() - now;
  if (left > SOON_MS) return undefined;
  const time = `${expires.toISOString().slice(0, 16)}Z`;
  return left <= 0
    ? failed(name, `the ${what} of the kubeconfig expired at ${time}`, renew)
    : warning(name, `the ${what} of the kubeconfig expires at ${time}`, renew);
}

function judge(
  name: string,
  permissions: ClusterPermissions,
  { require_read_only, kube_access }: CheckContext['config'],
  renew: string,
): Finding[] {
  const grant = `nightcrier rbac --cluster ${name} | kubectl apply -f -`;
  const found: Finding[] = [];
  const { warnings = [], cannot_watch: unwatched = {} } = permissions;
  const gaps = warnings.filter((text) => /^cannot get |^no cluster-wide access/.test(text));
  if (!minimumPermissionsMet(permissions)) {
    found.push(failed(name, gaps.join('; ') || 'pods, their logs and events cannot be read', grant));
  } else if (gaps.length > 0) {
    found.push(warning(name, gaps.join('; '), grant));
  }
  const kinds = Object.keys(unwatched);
  if (kinds.length > 0) found.push(failed(name, `cannot watch ${kinds.join(', ')}`, grant));
  if (permissions.secrets_access_allowed && !permissions.can_get_secrets) {
    found.push(warning(name, 'allow_secrets_access is set, and RBAC denies it: no Helm data', grant));
  }
  const readOnly = isReadOnly(permissions);
  if (readOnly !== true) {
    const isRequired = require_read_only ?? kube_access === 'direct';
    const excess = describeExcess(permissions).join('; ');
    const report = isRequired && readOnly === false ? failed : warning;
    found.push(
      report(name, excess || 'it is not known whether the kubeconfig only reads', `${renew}, for a read-only account`),
    );
  }
  return found;
}

function fixOf(code: KubernetesErrorCode, kubeconfig: string, renew: string): string {
  switch (code) {
    case 'kubeconfig':
      return `correct ${kubeconfig}, or write it anew: ${renew}`;
    case 'credentials':
      return renew;
    case 'unreachable':
    case 'timeout':
      return `let this machine reach the server in ${kubeconfig}, and check its certificate-authority: kubectl --kubeconfig ${quoted(kubeconfig)} version`;
    default:
      return `see what the API server says: kubectl --kubeconfig ${quoted(kubeconfig)} auth can-i --list`;
  }
}
