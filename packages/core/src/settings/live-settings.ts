import type { ClusterConfig } from '../clusters/cluster-config.ts';
import { sameValue } from '../same-value.ts';
import type { Config } from './config.ts';
import { isUsedBy, SETTINGS } from './setting-list.ts';
import { valueAt, withValue } from './setting-value.ts';
import type { ProcessName } from './setting-meta.ts';

/** What a changed configuration does to a running process. */
export interface ConfigChange {
  /** The former configuration with the new values of the live settings. */
  config: Config;
  /** Names of the settings that have taken effect, such as `api.access_key`. */
  applied: string[];
  /** Names of the settings that this process uses and that need a restart. */
  pending: string[];
}

/** Settings that are trees; the triage workers use them. */
const ROUTING = ['route', 'receivers'] as const;

/** Names of the settings whose changes take effect in a running process. */
export function liveSettings(process: ProcessName): string[] {
  const live = SETTINGS.filter((setting) => setting.live && setting.usedBy.includes(process));
  const trees = process === 'triage-worker' ? ROUTING : [];
  return ['clusters', ...trees, ...live.map(({ name }) => name)];
}

/**
 * Takes the live settings of a new configuration into the current one. Settings that the process does not use are taken, too.
 * @param process undefined: one that runs all parts
 */
export function changeConfig(process: ProcessName | undefined, current: Config, next: Config): ConfigChange {
  let config = current;
  const applied: string[] = [];
  const pending: string[] = [];
  const clusters = keepUnchanged(current.clusters, next.clusters);
  if (clusters !== current.clusters) {
    config = { ...config, clusters };
    applied.push('clusters');
  }
  for (const setting of SETTINGS) {
    const { path, name, live } = setting;
    const value = valueAt(next, path);
    if (sameValue(valueAt(current, path), value)) continue;
    const isUsed = isUsedBy(setting, process);
    if (isUsed && !live) pending.push(name);
    else {
      config = withValue(config, path, value);
      if (isUsed) applied.push(name);
    }
  }
  for (const name of ROUTING) {
    if (sameValue(current[name], next[name])) continue;
    config = { ...config, [name]: next[name] };
    if (process === undefined || process === 'triage-worker') applied.push(name);
  }
  return { config, applied, pending };
}

/** Returns the next clusters, each as the same object as before where it has not changed, so that comparing it again costs nothing. */
function keepUnchanged(current: ClusterConfig[], next: ClusterConfig[]): ClusterConfig[] {
  const former = new Map(current.map((cluster) => [cluster.name, cluster]));
  const clusters = next.map((cluster) => {
    const before = former.get(cluster.name);
    return before && sameValue(before, cluster) ? before : cluster;
  });
  const same = clusters.length === current.length && clusters.every((cluster, at) => cluster === current[at]);
  return same ? current : clusters;
}
