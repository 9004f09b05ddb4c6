import { crossChecks } from './cross-checks.ts';
import { type Config, Settings } from '../config.ts';
import { type ConfigProblem, check, isRecord } from './config-problem.ts';
import { ORIGINAL_KEYS } from '../original/original-keys.ts';
import type { ConfigSurroundings } from './config-surroundings.ts';
import { fileProblems } from './file-checks.ts';
import { parseClusters } from './parse-clusters.ts';
import { routingChecks } from './routing-checks.ts';
import { SETTINGS, settingOf } from '../setting-list.ts';

export type ParsedConfig = { config: Config; warnings: ConfigProblem[] } | { problems: ConfigProblem[] };

/**
 * Validates a configuration (cluster-registry.md, "Multi-Cluster Configuration" and "Backwards-Compatible
 * Single-Cluster Mode"; design.md, "Configuration Loading") and reports every problem, not just the first.
 * @param raw the file's content as plain values, with environment and flags already laid over it
 */
export function parseConfig(raw: unknown, surroundings: ConfigSurroundings): ParsedConfig {
  if (!isRecord(raw)) return { problems: [{ path: [], message: 'the configuration must be a mapping of keys' }] };
  const { clusters: rawClusters, mcp_endpoint: endpoint, ...given } = raw;
  const rest = withoutUnset(given);
  const problems: ConfigProblem[] = [];
  const settings = check(Settings, rest, [], problems, {
    known: ['clusters', 'mcp_endpoint'],
    other: ORIGINAL_KEYS.filter(({ to, flag }) => to !== undefined && flag === undefined).map(({ key }) => key),
  });
  problems.push(...fileProblems(rest, surroundings));
  const { problems: found, warnings } = crossChecks(rest, surroundings);
  const routing = routingChecks(rest, rawClusters, surroundings);
  problems.push(...found, ...routing.problems);
  warnings.push(...routing.warnings);
  const clusters = parseClusters(rawClusters ?? undefined, endpoint ?? undefined, surroundings, problems);

  if (problems.length > 0 || !settings) return { problems };
  return { config: { ...settings, clusters }, warnings };
}

/** Drops keys without a value, and empty text for settings that have no default: both mean that the setting is not set. */
function withoutUnset(record: Record<string, unknown>, parent = ''): Record<string, unknown> {
  const entries = Object.entries(record).flatMap(([key, value]): [string, unknown][] => {
    const name = `${parent}${key}`;
    if (value === null || value === undefined) return [];
    if (isEmpty(value) && isOptional(name)) return [];
    if (name === 'route' || name === 'receivers') return [[key, withoutNulls(value)]];
    return [[key, NESTED.has(name) && isRecord(value) ? withoutUnset(value, `${name}.`) : value]];
  });
  return Object.fromEntries(entries);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutNulls(item));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutNulls(inner)]));
}

/** Names of the mappings that settings are in, such as `redis`. */
const NESTED = new Set(SETTINGS.flatMap(({ path }) => path.slice(1).map((_, at) => path.slice(0, at + 1).join('.'))));

function isEmpty(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === '';
}

function isOptional(name: string): boolean {
  const setting = settingOf(name);
  return setting !== undefined && setting.defaultValue === undefined;
}
