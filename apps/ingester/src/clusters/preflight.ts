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
import { checkPermissions } from '@nightcrier/cluster/kubernetes/permissions/preflight';
import { WATCHED_RESOURCES } from '@nightcrier/cluster/sight/missing-rule';
import pLimit from 'p-limit';

export interface PreflightOptions {
  logger: Logger;
  /** Wait after a check that failed, or found too few permissions, ms. */
  retryInterval?: number;
  /** Wait after a check that found all permissions, ms. */
  refreshInterval?: number;
}

/** Between two checks that were asked for, ms. */
const RECHECK_PAUSE_MS = 1_000;
/** Concurrent checks; each makes some ten requests. */
const CONCURRENCY = 20;

interface Checked {
  cluster: ClusterConfig;
  /** Undefined until the first check that succeeds. */
  permissions: ClusterPermissions | undefined;
  first: PromiseWithResolvers<void>;
  stopping: AbortController;
  /** Ends the wait before the next check. */
  waiting: AbortController;
  running: Promise<void>;
}

/**
 * Checks what the triage kubeconfig of each watched cluster may do (design.md, "Preflight Permission Validation"): when
 * the cluster is added, and at an interval. Each cluster is checked independently: an unreachable API server leaves only
 * its own cluster without permissions.
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

  /** Returns undefined until a check has succeeded. */
  permissionsOf(cluster: string): ClusterPermissions | undefined {
    return this.#checked.get(cluster)?.permissions;
  }

  /** Resolves when the first check of a watched cluster has succeeded or failed. */
  async firstCheck(cluster: string): Promise<void> {
    await this.#checked.get(cluster)?.first.promise;
  }

  /** Checks a watched cluster at once, because something has shown that its permissions have changed. */
  recheck(cluster: string): void {
    this.#checked.get(cluster)?.waiting.abort();
  }

  #begin(cluster: ClusterConfig): void {
    const checked: Checked = {
      cluster,
      permissions: undefined,
      first: Promise.withResolvers(),
      stopping: new AbortController(),
      waiting: new AbortController(),
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
    let logged: string | undefined;
    while (!signal.aborted) {
      checked.waiting = new AbortController();
      const { result, ok, log } = await this.#limit(() => this.#check(checked));
      first.resolve();
      // Logged when it changes: most checks repeat the result of the one before.
      if (result !== logged && !signal.aborted) log();
      logged = result;
      // A request that came during the check asks for another one, after a pause: one cause often shows itself several times.
      if (checked.waiting.signal.aborted) await sleep(RECHECK_PAUSE_MS, undefined, { signal }).catch(() => undefined);
      const woken = AbortSignal.any([signal, checked.waiting.signal]);
      await sleep(ok ? refreshInterval : retryInterval, undefined, { signal: woken }).catch(() => undefined);
    }
  }

  /** Checks once. `result` differs from one result to another; `log` logs it. */
  async #check(checked: Checked): Promise<{ result: string; ok: boolean; log: () => void }> {
    const { logger } = this.#options;
    const { signal } = checked.stopping;
    const { name, triage } = checked.cluster;
    const { kubeconfig = '', allow_secrets_access: allowSecretsAccess } = triage;
    const { source, supplement } = checked.cluster;
    const watched = source === 'kubernetes' || supplement === 'watch' ? WATCHED_RESOURCES : undefined;
    try {
      const permissions = await checkPermissions({
        clusterName: name,
        kubeconfig,
        allowSecretsAccess,
        watched,
        signal,
      });
      checked.permissions = permissions;
      this.events.emit('change', name);
      const ok = minimumPermissionsMet(permissions);
      const { warnings = [] } = permissions;
      const log = (): void => {
        const fields = { cluster: name, warnings };
        if (!ok) logger.warn(fields, 'cluster has insufficient permissions for full triage');
        else if (isReadOnly(permissions)) logger.info(fields, 'cluster permissions checked');
        else logger.warn(fields, 'kubeconfig not known to be read-only');
      };
      return { result: warnings.join(), ok, log };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const log = (): void => logger.warn({ cluster: name, error: message }, 'cluster permission check failed');
      return { result: message, ok: false, log };
    }
  }
}
