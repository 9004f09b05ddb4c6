import { checkPermissions, type PermissionQuestion } from '@nightcrier/cluster/kubernetes/preflight';
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
    const permissions = await checkPermissions({ ...question, signal });
    if (isReadOnly(permissions) && minimumPermissionsMet(permissions)) this.#known.set(key, { permissions, at });
    return permissions;
  }

  forget(clusterName: string): void {
    for (const [key, { permissions }] of this.#known) {
      if (permissions.cluster_name === clusterName) this.#known.delete(key);
    }
  }
}
