import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import {
  type ClusterPermissions,
  isReadOnly,
  minimumPermissionsMet,
} from '@nightcrier/core/permissions/cluster-permissions';
import type { Logger } from '@nightcrier/core/logger';
import { sameValue } from '@nightcrier/core/same-value';
import { checkPermissions } from '@nightcrier/cluster/kubernetes/preflight';
import pLimit from 'p-limit';

export interface PreflightOptions {
  logger: Logger;
  /** Until the next check when there was no answer, or too few permissions, ms. */
  retryInterval?: number;
  /** Until the next check when all is well, ms. */
  refreshInterval?: number;
}

/** Checks at once, each of which makes some ten requests. */
const CONCURRENCY = 20;

interface Checked {
  cluster: ClusterConfig;
  /** Undefined while they are not known. */
  permissions: ClusterPermissions | undefined;
  first: PromiseWithResolvers<void>;
  stopping: AbortController;
  running: Promise<void>;
}

/**
 * Knows what the triage kubeconfig of each watched cluster may do (design.md, "Preflight Permission Validation"). Asked
 * when the cluster comes and again from time to time, for each cluster alone: an API server that is away costs its own
 * cluster its permissions and no other cluster anything.
 */
export class PermissionPreflight {
  /** `change`: the permissions of this cluster are known, or were checked again. */
  readonly events = new EventEmitter<{ change: [cluster: string] }>();
  readonly #options: PreflightOptions;
  readonly #limit = pLimit(CONCURRENCY);
  readonly #checked = new Map<string, Checked>();
  readonly #ending = new Set<Promise<void>>();
  #stopped: Promise<unknown> | undefined;

  constructor(options: PreflightOptions) {
    this.#options = options;
  }

  /** Checks these clusters and no others from now on, in the background. */
  watch(clusters: readonly ClusterConfig[]): void {
    if (this.#stopped) return;
    const wanted = new Map(clusters.map((cluster) => [cluster.name, cluster]));
    for (const checked of this.#checked.values()) {
      if (!sameValue(wanted.get(checked.cluster.name), checked.cluster)) this.#end(checked);
    }
    for (const cluster of clusters) if (!this.#checked.has(cluster.name)) this.#begin(cluster);
  }

  async stop(): Promise<void> {
    for (const checked of this.#checked.values()) checked.stopping.abort();
    this.#stopped ??= Promise.all([...this.#ending, ...[...this.#checked.values()].map(({ running }) => running)]);
    await this.#stopped;
  }

  /** Undefined while they are not known. */
  permissionsOf(cluster: string): ClusterPermissions | undefined {
    return this.#checked.get(cluster)?.permissions;
  }

  /** Resolves when the first check of a watched cluster is over, whatever came of it. */
  async firstCheck(cluster: string): Promise<void> {
    await this.#checked.get(cluster)?.first.promise;
  }

  #begin(cluster: ClusterConfig): void {
    const checked: Checked = {
      cluster,
      permissions: undefined,
      first: Promise.withResolvers(),
      stopping: new AbortController(),
      running: Promise.resolve(),
    };
    this.#checked.set(cluster.name, checked);
    checked.running = this.#keepChecking(checked);
  }

  #end({ cluster, stopping, running }: Checked): void {
    this.#checked.delete(cluster.name);
    stopping.abort();
    const ending = running.finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  async #keepChecking(checked: Checked): Promise<void> {
    const { retryInterval = 60_000, refreshInterval = 15 * 60_000, logger } = this.#options;
    const { cluster, first } = checked;
    const { signal } = checked.stopping;
    if (!cluster.triage.enabled || cluster.triage.kubeconfig === undefined) {
      logger.info({ cluster: cluster.name, reason: 'triage.enabled=false' }, 'triage disabled for cluster');
      first.resolve();
      return;
    }
    let lastWords: string | undefined;
    while (!signal.aborted) {
      const { words, ok, say } = await this.#limit(() => this.#check(checked));
      first.resolve();
      // Said when it changes: the next check a minute later has usually nothing new to tell.
      if (words !== lastWords && !signal.aborted) say();
      lastWords = words;
      await sleep(ok ? refreshInterval : retryInterval, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Checks once. `words` tells one result from another, `say` logs it. */
  async #check(checked: Checked): Promise<{ words: string; ok: boolean; say: () => void }> {
    const { logger } = this.#options;
    const { signal } = checked.stopping;
    const { name, triage } = checked.cluster;
    const { kubeconfig = '', allow_secrets_access: allowSecretsAccess } = triage;
    try {
      const permissions = await checkPermissions({ clusterName: name, kubeconfig, allowSecretsAccess, signal });
      checked.permissions = permissions;
      this.events.emit('change', name);
      const ok = minimumPermissionsMet(permissions);
      const { warnings = [] } = permissions;
      const say = (): void => {
        const fields = { cluster: name, warnings };
        if (!ok) logger.warn(fields, 'cluster has insufficient permissions for full triage');
        else if (isReadOnly(permissions)) logger.info(fields, 'cluster permissions checked');
        else logger.warn(fields, 'kubeconfig of the cluster is not known to be read-only');
      };
      return { words: warnings.join(), ok, say };
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      const say = (): void => logger.warn({ cluster: name, error: words }, 'cluster permissions could not be checked');
      return { words, ok: false, say };
    }
  }
}
