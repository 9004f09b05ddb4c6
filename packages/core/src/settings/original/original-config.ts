import type { ConfigProblem } from '../parsing/config-problem.ts';
import { isRecord } from '../parsing/config-problem.ts';
import { ORIGINAL_CLUSTER_KEYS, ORIGINAL_KEYS, type OriginalKey, TUNING_KEYS } from './original-keys.ts';

/** A configuration under Nightcrier's names. */
export interface MappedConfig {
  values: Record<string, unknown>;
  warnings: ConfigProblem[];
  problems: ConfigProblem[];
  /** Where values stand in the file that have another path here: `agent_timeout` → `['agent', 'timeout']`. */
  moved: Map<string, PropertyKey[]>;
  /** `kubeconfig_path`: the kubeconfig of the single-cluster form. */
  kubeconfig: string | undefined;
}

/**
 * Maps a configuration file of the original system (docs/adr/0006-original-configuration-keys.md): keys that have
 * another name here are renamed, keys that have no effect are removed, each with one warning. What has the same name stays as it is.
 * @param raw is not changed
 */
export function mapOriginalConfig(raw: Record<string, unknown>): MappedConfig {
  const mapping = new Mapping(structuredClone(raw));
  for (const key of [...ORIGINAL_KEYS, ...TUNING_KEYS]) mapping.map(key);
  mapping.checkLeftover([...ORIGINAL_KEYS, ...TUNING_KEYS]);
  const { values } = mapping;
  if (Array.isArray(values.clusters)) {
    values.clusters = values.clusters.map((entry: unknown, index) =>
      isRecord(entry) ? mapping.cluster(entry, index) : entry,
    );
  }
  return mapping;
}

/** The values of a tuning file of the original system. Problems and warnings name its keys. */
export function mapTuning(raw: Record<string, unknown>): MappedConfig {
  const mapping = new Mapping(structuredClone(raw));
  for (const key of TUNING_KEYS) mapping.map(key);
  mapping.checkLeftover(TUNING_KEYS);
  return mapping;
}

class Mapping implements MappedConfig {
  readonly warnings: ConfigProblem[] = [];
  readonly problems: ConfigProblem[] = [];
  readonly moved = new Map<string, PropertyKey[]>();
  readonly values: Record<string, unknown>;
  kubeconfig: string | undefined;

  constructor(values: Record<string, unknown>) {
    this.values = values;
    const { kubeconfig_path: kubeconfig } = values;
    if (typeof kubeconfig === 'string') {
      delete values.kubeconfig_path;
      this.kubeconfig = kubeconfig;
      if (values.mcp_endpoint === undefined && (values.clusters ?? values.monitored_clusters) !== undefined) {
        this.#warn(['kubeconfig_path'], 'kubeconfig_path has no effect: each cluster names its own triage.kubeconfig');
      }
    }
  }

  map({ key, to, because }: OriginalKey): void {
    const path = key.split('.');
    const value = take(this.values, path);
    if (value === undefined) return;
    if (to === undefined) this.#warn(path, `${key} has no effect: ${because ?? 'it is not used'}`);
    else this.#move(this.values, path, to, value);
  }

  /** Keys in a group that only the original system has, such as `agent`. */
  checkLeftover(known: readonly OriginalKey[]): void {
    for (const [group, value] of Object.entries(this.values)) {
      const keys = known.flatMap(({ key }) => (key.startsWith(`${group}.`) ? [key.slice(group.length + 1)] : []));
      if (keys.length === 0 || !isRecord(value)) continue;
      delete this.values[group];
      for (const key of Object.keys(value)) {
        this.problems.push({ path: [group, key], message: `unknown key ${JSON.stringify(key)}`, knownKeys: keys });
      }
    }
  }

  cluster(entry: Record<string, unknown>, index: number): Record<string, unknown> {
    for (const { key, to, because } of ORIGINAL_CLUSTER_KEYS) {
      const path = key.split('.');
      const value = take(entry, path);
      if (value === undefined) continue;
      if (to === undefined) this.#warn(['clusters', index, ...path], `${key} has no effect: ${because ?? ''}`);
      else this.#move(entry, path, to, value, ['clusters', index]);
    }
    const { mcp } = entry;
    if (isRecord(mcp) && typeof mcp.api_key === 'string' && PLACEHOLDER.test(mcp.api_key.trim())) {
      delete mcp.api_key;
      this.#warn(
        ['clusters', index, 'mcp', 'api_key'],
        'mcp.api_key is a placeholder and is not sent; the original system ignored this key, Nightcrier sends it as a Bearer token',
      );
    }
    return entry;
  }

  #move(target: Record<string, unknown>, path: string[], to: string, value: unknown, parent: PropertyKey[] = []): void {
    const key = path.join('.');
    const destination = to.split('.');
    if (has(target, destination)) {
      this.#warn([...parent, ...path], `${key} has no effect: ${to} is set, too`);
      return;
    }
    put(target, destination, value);
    this.moved.set([...parent, ...destination].join('.'), [...parent, ...path]);
    this.#warn([...parent, ...path], `${key} is called ${to} in Nightcrier`);
  }

  #warn(path: PropertyKey[], message: string): void {
    this.warnings.push({ path: this.#original(path), message });
  }

  /** The path in the file: entries of `clusters` may be those of `monitored_clusters`. */
  #original([first = '', ...rest]: PropertyKey[]): PropertyKey[] {
    return [...(this.moved.get(String(first)) ?? [first]), ...rest];
  }
}

/** What the original system's examples have in place of a key. */
const PLACEHOLDER = /^(this_is_a_)?placeholder(_\w*)?$|^changeme$/i;

function has(record: Record<string, unknown>, path: string[]): boolean {
  let value: unknown = record;
  for (const key of path) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return false;
    value = value[key];
  }
  return value !== undefined && value !== null;
}

/** Removes a value, and the groups that are empty then. */
function take(record: Record<string, unknown>, [head = '', ...tail]: string[]): unknown {
  if (!Object.hasOwn(record, head)) return undefined;
  const value = record[head];
  if (tail.length === 0) {
    delete record[head];
    return value ?? undefined;
  }
  if (!isRecord(value)) return undefined;
  const taken = take(value, tail);
  if (taken !== undefined && Object.keys(value).length === 0) delete record[head];
  return taken;
}

function put(record: Record<string, unknown>, [head = '', ...tail]: string[], value: unknown): void {
  if (tail.length === 0) {
    record[head] = value;
    return;
  }
  const inner = record[head];
  const target = isRecord(inner) ? inner : {};
  record[head] = target;
  put(target, tail, value);
}
