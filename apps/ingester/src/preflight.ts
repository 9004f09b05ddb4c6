import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterConfig } from '@nightcrier/core/cluster-config';
import { type ClusterPermissions, isReadOnly, minimumPermissionsMet } from '@nightcrier/core/cluster-permissions';
import type { Logger } from '@nightcrier/core/logger';
import { checkPermissions } from '@nightcrier/cluster/kubernetes/preflight';
import pLimit from 'p-limit';

export interface PreflightOptions {
  clusters: ClusterConfig[];
  logger: Logger;
  /** The permissions of a cluster are known, or have changed. */
  onChange: (cluster: string) => void;
  /** Until the next check when there was no answer, or too few permissions, ms. */
  retryInterval?: number;
  /** Until the next check when all is well, ms. */
  refreshInterval?: number;
}

/** Checks at once, each of which makes some ten requests. */
const CONCURRENCY = 20;

/**
 * Knows what the triage kubeconfig of each cluster may do (design.md, "Preflight Permission Validation"). Asked at the
 * start and again from time to time, for each cluster alone: an API server that is away costs its own cluster its
 * permissions and no other cluster anything.
 */
export class PermissionPreflight {
  readonly #options: PreflightOptions;
  readonly #limit = pLimit(CONCURRENCY);
  readonly #permissions = new Map<string, ClusterPermissions>();
  readonly #firstChecks = new Map<string, PromiseWithResolvers<void>>();
  readonly #stopping = new AbortController();
  #running: Promise<unknown> | undefined;

  constructor(options: PreflightOptions) {
    this.#options = options;
  }

  /** Begins to check, in the background. */
  start(): void {
    this.#running ??= Promise.all(this.#options.clusters.map((cluster) => this.#keepChecking(cluster)));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Undefined while they are not known. */
  permissionsOf(cluster: string): ClusterPermissions | undefined {
    return this.#permissions.get(cluster);
  }

  /** Resolves when the first check of a cluster is over, whatever came of it. */
  firstCheck(cluster: string): Promise<void> {
    return this.#first(cluster).promise;
  }

  async #keepChecking(cluster: ClusterConfig): Promise<void> {
    const { retryInterval = 60_000, refreshInterval = 15 * 60_000, logger } = this.#options;
    const { signal } = this.#stopping;
    if (!cluster.triage.enabled || cluster.triage.kubeconfig === undefined) {
      logger.info({ cluster: cluster.name, reason: 'triage.enabled=false' }, 'triage disabled for cluster');
      this.#first(cluster.name).resolve();
      return;
    }
    let lastWords: string | undefined;
    while (!signal.aborted) {
      const { words, ok, say } = await this.#limit(() => this.#check(cluster));
      this.#first(cluster.name).resolve();
      // Said when it changes: the next check a minute later has usually nothing new to tell.
      if (words !== lastWords && !signal.aborted) say();
      lastWords = words;
      await sleep(ok ? refreshInterval : retryInterval, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Checks once. `words` tells one result from another, `say` logs it. */
  async #check({ name, triage }: ClusterConfig): Promise<{ words: string; ok: boolean; say: () => void }> {
    const { logger, onChange } = this.#options;
    const { signal } = this.#stopping;
    const { kubeconfig = '', allow_secrets_access: allowSecretsAccess } = triage;
    try {
      const permissions = await checkPermissions({ clusterName: name, kubeconfig, allowSecretsAccess, signal });
      this.#permissions.set(name, permissions);
      onChange(name);
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

  #first(cluster: string): PromiseWithResolvers<void> {
    const first = this.#firstChecks.get(cluster) ?? Promise.withResolvers<void>();
    this.#firstChecks.set(cluster, first);
    return first;
  }
}
