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

/** Names of the settings whose changes take effect in a running process. */
export function liveSettings(process: ProcessName): string[] {
  const live = SETTINGS.filter((setting) => setting.live && setting.usedBy.includes(process));
  return ['clusters', ...live.map(({ name }) => name)];
}

/**
 * Takes the live settings of a new configuration into the current one. Settings that the process does not use are taken, too.
 * @param process undefined: one that runs all parts
 */
export function changeConfig(process: ProcessName | undefined, current: Config, next: Config): ConfigChange {
  let config = current;
  const applied: string[] = [];
  const pending: string[] = [];
  if (!sameValue(current.clusters, next.clusters)) {
    config = { ...config, clusters: next.clusters };
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
  return { config, applied, pending };
}
