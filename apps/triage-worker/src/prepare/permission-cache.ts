import { checkPermissions, type PermissionQuestion } from '@nightcrier/cluster/kubernetes/permissions/preflight';
import type { PermissionSource } from '../triage-context.ts';
import {
  type ClusterPermissions,
  isReadOnly,
  minimumPermissionsMet,
} from '@nightcrier/core/permissions/cluster-permissions';

/** RBAC seldom changes; an older answer is checked again. */
const LONGEST_AGE_MS = 3_600_000;

/**
 * Permissions of the kubeconfigs, checked by this worker. Only an answer without problems is cached: a fixed role or
 * kubeconfig takes effect with the next incident.
 */
export class PermissionCache implements PermissionSource {
  readonly #known = new Map<string, { permissions: ClusterPermissions; at: number }>();
  /** Kubeconfigs that were read-only in all namespaces, and when. Each incident's namespace is asked about by itself. */
  readonly #readOnly = new Map<string, { clusterName: string; at: number }>();
  readonly #now: () => number;

  /** @param now milliseconds since the epoch */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @throws what `checkPermissions` throws */
  async ask(question: PermissionQuestion, signal: AbortSignal): Promise<ClusterPermissions> {
    const { clusterName, kubeconfig, allowSecretsAccess, namespace } = question;
    const key = JSON.stringify([clusterName, kubeconfig, allowSecretsAccess, namespace]);
    const known = this.#known.get(key);
    if (known && this.#now() - known.at < LONGEST_AGE_MS) return known.permissions;

    this.#known.delete(key);
    const at = this.#now();
    const everywhere = JSON.stringify([clusterName, kubeconfig, allowSecretsAccess]);
    const readOnly = this.#readOnly.get(everywhere);
    const extent = readOnly && at - readOnly.at < LONGEST_AGE_MS ? 'named' : 'all';
    const permissions = await checkPermissions({ ...question, extent, signal });
    if (!isReadOnly(permissions)) this.#readOnly.delete(everywhere);
    else if (extent === 'all') this.#readOnly.set(everywhere, { clusterName, at });
    if (isReadOnly(permissions) && minimumPermissionsMet(permissions)) this.#known.set(key, { permissions, at });
    return permissions;
  }

  forget(clusterName: string): void {
    for (const [key, { permissions }] of this.#known) {
      if (permissions.cluster_name === clusterName) this.#known.delete(key);
    }
    for (const [key, readOnly] of this.#readOnly) if (readOnly.clusterName === clusterName) this.#readOnly.delete(key);
  }
}
