import type { Config } from './config.ts';

/** The value of a setting in a configuration. */
export function valueAt(config: Config, path: readonly string[]): unknown {
  let value: unknown = config;
  for (const key of path) value = isRecord(value) ? value[key] : undefined;
  return value;
}

/** A copy of the configuration with another value of a setting. */
export function withValue(config: Config, path: readonly string[], value: unknown): Config {
  // The other values are those of the configuration.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return replaced(config, path, value) as Config;
}

function replaced(record: object, [head = '', ...tail]: readonly string[], value: unknown): object {
  if (tail.length === 0) return { ...record, [head]: value };
  const inner: unknown = isRecord(record) ? record[head] : undefined;
  return { ...record, [head]: replaced(isRecord(inner) ? inner : {}, tail, value) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
