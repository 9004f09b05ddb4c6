import type { Config } from './config.ts';

/** The value of a setting in a configuration. */
export function valueAt(config: Config, path: readonly string[]): unknown {
  let value: unknown = config;
  for (const key of path) value = isRecord(value) ? value[key] : undefined;
  return value;
}

/** A copy of the configuration with another value of a setting. */
export function withValue(config: Config, [head = '', child]: readonly string[], value: unknown): Config {
  if (child === undefined) return { ...config, [head]: value };
  const parent = valueAt(config, [head]);
  return { ...config, [head]: { ...(isRecord(parent) ? parent : {}), [child]: value } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
