import { sameValue } from '../same-value.ts';
import type { Config } from './config.ts';
import { SETTINGS } from './setting-list.ts';
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

/** Takes the live settings of a new configuration into the current one. Settings that the process does not use are taken, too. */
export function changeConfig(process: ProcessName, current: Config, next: Config): ConfigChange {
  const config = structuredCopy(current);
  const applied: string[] = [];
  const pending: string[] = [];
  if (!sameValue(current.clusters, next.clusters)) {
    config.clusters = next.clusters;
    applied.push('clusters');
  }
  for (const { path, name, live, usedBy } of SETTINGS) {
    const value = valueAt(next, path);
    if (sameValue(valueAt(current, path), value)) continue;
    const isUsed = usedBy.includes(process);
    if (isUsed && !live) pending.push(name);
    else {
      assign(config, path, value);
      if (isUsed) applied.push(name);
    }
  }
  return { config, applied, pending };
}

/** The value of a setting in a configuration. */
export function valueAt(config: Config, path: readonly string[]): unknown {
  let value: unknown = config;
  for (const key of path) value = isRecord(value) ? value[key] : undefined;
  return value;
}

function assign(config: Config, path: readonly string[], value: unknown): void {
  let record: Record<string, unknown> = config;
  for (const key of path.slice(0, -1)) {
    const inner = record[key];
    if (!isRecord(inner)) return;
    record = inner;
  }
  record[path.at(-1) ?? ''] = value;
}

/** Copies the records that {@link assign} writes to; values, such as secrets, are shared. */
function structuredCopy(config: Config): Config {
  return { ...config, redis: { ...config.redis }, api: { ...config.api } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
