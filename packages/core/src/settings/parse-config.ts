import { z } from 'zod';
import { ClusterConfig, FlatClusterConfig, expandFlatCluster } from '../clusters/cluster-config.ts';
import { type Config, Settings } from './config.ts';

/** One thing wrong with a configuration; all of them are found in one go. */
export interface ConfigProblem {
  /** Where in the file: `['clusters', 1, 'mcp', 'endpoint']`. A missing key is named by the path it should have. */
  path: PropertyKey[];
  message: string;
  /** For an unknown key: the names it could have been. */
  knownKeys?: string[];
}

/** What the parser must ask the world, so that it stays a pure function. */
export interface ConfigSurroundings {
  /** Whether a readable regular file is there; `path` is as written in the file. */
  isFile(path: string): boolean;
  /** The kubeconfig of the legacy form, which names none: `$KUBECONFIG` or `~/.kube/config`. */
  defaultKubeconfig: string;
}

export type ParsedConfig = { config: Config; warnings: ConfigProblem[] } | { problems: ConfigProblem[] };

/**
 * Validates a configuration (cluster-registry.md, "Multi-Cluster Configuration" and "Backwards-Compatible
 * Single-Cluster Mode"; design.md, "Configuration Loading") and reports every problem, not just the first.
 * `raw` is the file's content as plain values, with environment and flags already laid over it.
 */
export function parseConfig(raw: unknown, surroundings: ConfigSurroundings): ParsedConfig {
  if (!isRecord(raw)) return { problems: [{ path: [], message: 'the configuration must be a mapping of keys' }] };
  const { clusters: rawClusters, mcp_endpoint: legacyEndpoint, ...rest } = raw;
  const problems: ConfigProblem[] = [];
  const settings = check(Settings, rest, [], problems, ['clusters', 'mcp_endpoint']);
  problems.push(...secretProblems(rest, [], surroundings), ...companionProblems(rest));
  const clusters = parseClusters(rawClusters, legacyEndpoint, surroundings, problems);

  if (problems.length > 0 || !settings) return { problems };
  return { config: { ...settings, clusters }, warnings: warningsAbout(settings) };
}

function parseClusters(
  rawClusters: unknown,
  legacyEndpoint: unknown,
  surroundings: ConfigSurroundings,
  problems: ConfigProblem[],
): ClusterConfig[] {
  if (legacyEndpoint !== undefined && rawClusters !== undefined) {
    problems.push({ path: ['mcp_endpoint'], message: 'mcp_endpoint and clusters cannot both be set; keep clusters' });
  } else if (legacyEndpoint !== undefined) {
    return parseLegacyCluster(legacyEndpoint, surroundings, problems);
  }
  if (rawClusters === undefined || (Array.isArray(rawClusters) && rawClusters.length === 0)) {
    if (legacyEndpoint === undefined) {
      problems.push({ path: ['clusters'], message: 'at least one cluster must be configured' });
    }
    return [];
  }
  if (!Array.isArray(rawClusters)) {
    problems.push({ path: ['clusters'], message: `clusters must be a list, got ${typeof rawClusters}` });
    return [];
  }
  reportDuplicateNames(rawClusters, problems);
  return rawClusters.flatMap((entry: unknown, index) =>
    parseCluster(entry, ['clusters', index], surroundings, problems),
  );
}

function parseCluster(
  entry: unknown,
  path: PropertyKey[],
  surroundings: ConfigSurroundings,
  problems: ConfigProblem[],
): ClusterConfig[] {
  const isFlat = isRecord(entry) && ('mcp_endpoint' in entry || 'kubeconfig' in entry) && !('mcp' in entry);
  if (isRecord(entry)) {
    problems.push(...secretProblems(entry, path, surroundings), ...kubeconfigProblems(entry, path, surroundings));
  }
  if (isFlat) {
    const flat = check(FlatClusterConfig, entry, path, problems);
    return flat ? [expandFlatCluster(flat)] : [];
  }
  const cluster = check(ClusterConfig, entry, path, problems);
  return cluster ? [cluster] : [];
}

function parseLegacyCluster(
  endpoint: unknown,
  surroundings: ConfigSurroundings,
  problems: ConfigProblem[],
): ClusterConfig[] {
  const found: ConfigProblem[] = [];
  const flat = check(
    FlatClusterConfig,
    { name: 'default', mcp_endpoint: endpoint, kubeconfig: surroundings.defaultKubeconfig },
    [],
    found,
  );
  if (!surroundings.isFile(surroundings.defaultKubeconfig)) {
    found.push({
      path: ['mcp_endpoint'],
      message: `mcp_endpoint uses the default kubeconfig, and ${surroundings.defaultKubeconfig} is not a readable file; set KUBECONFIG or use clusters`,
    });
  }
  problems.push(...found);
  return flat && found.length === 0 ? [expandFlatCluster(flat)] : [];
}

/** Looked for in the raw entry, so that one mistake does not hide another. */
function kubeconfigProblems(
  entry: Record<string, unknown>,
  path: PropertyKey[],
  surroundings: ConfigSurroundings,
): ConfigProblem[] {
  const triage = isRecord(entry.triage) ? entry.triage : undefined;
  const at = triage ? [...path, 'triage', 'kubeconfig'] : [...path, 'kubeconfig'];
  const value = triage ? triage.kubeconfig : entry.kubeconfig;
  const enabled = triage ? String(triage.enabled).toLowerCase() === 'true' : true;
  if (!enabled) return [];
  if (typeof value === 'string' && value !== '') {
    return surroundings.isFile(value)
      ? []
      : [{ path: at, message: `cluster ${nameOf(entry)}: kubeconfig ${value} is not a readable file` }];
  }
  if (!triage) return []; // the schema of the flat form, or of an entry without triage, says what is missing
  return [{ path: at, message: `cluster ${nameOf(entry)}: triage.kubeconfig is required when triage.enabled is true` }];
}

const PAIRED_FILES = new Map([
  ['client_cert_file', 'client_key_file'],
  ['client_key_file', 'client_cert_file'],
]);

/** `X` and `X_file` exclude each other, and the file must be there; so must those of certificates. */
function secretProblems(
  record: Record<string, unknown>,
  path: PropertyKey[],
  surroundings: ConfigSurroundings,
): ConfigProblem[] {
  return Object.entries(record).flatMap(([key, value]): ConfigProblem[] => {
    if (isRecord(value)) return secretProblems(value, [...path, key], surroundings);
    if (typeof value !== 'string') return [];
    const partner = PAIRED_FILES.get(key);
    if (partner !== undefined && record[partner] === undefined) {
      return [{ path: [...path, key], message: `${key} needs ${partner}` }];
    }
    if (!/(_key|_token|_secret|_webhook_url|^ca|_cert)_file$/.test(key)) return [];
    const at = [...path, key];
    const plain = key.slice(0, -'_file'.length);
    if (record[plain] !== undefined) return [{ path: at, message: `${plain} and ${key} cannot both be set` }];
    return surroundings.isFile(value) ? [] : [{ path: at, message: `${key}: ${value} is not a readable file` }];
  });
}

/** Settings that say nothing without another one. */
const COMPANIONS: [setting: string, needs: string][] = [
  ['slack_bot_token', 'slack_channel'],
  ['slack_channel', 'slack_bot_token'],
  ['webhook_secret', 'webhook_url'],
];

function companionProblems(settings: Record<string, unknown>): ConfigProblem[] {
  const given = (key: string): string | undefined => [key, `${key}_file`].find((name) => settings[name] !== undefined);
  return COMPANIONS.flatMap(([setting, needs]) => {
    const key = given(setting);
    return key === undefined || given(needs) !== undefined ? [] : [{ path: [key], message: `${key} needs ${needs}` }];
  });
}

function warningsAbout({ webhook_url, webhook_secret, webhook_secret_file }: Settings): ConfigProblem[] {
  if (!webhook_url || webhook_secret || webhook_secret_file !== undefined) return [];
  const message =
    'webhook_url is sent unsigned notifications: set webhook_secret, so that it can tell them from forged ones';
  return [{ path: ['webhook_url'], message }];
}

function reportDuplicateNames(entries: unknown[], problems: ConfigProblem[]): void {
  const firstAt = new Map<unknown, number>();
  entries.forEach((entry, index) => {
    const name = isRecord(entry) ? entry.name : undefined;
    if (typeof name !== 'string') return;
    const first = firstAt.get(name);
    if (first === undefined) firstAt.set(name, index);
    else {
      problems.push({
        path: ['clusters', index, 'name'],
        message: `duplicate cluster name: ${name} (also clusters[${first}])`,
      });
    }
  });
}

/** Parses by the schema; its problems are added with the path in front and the bad value in the message. */
function check<T extends z.ZodObject>(
  schema: T,
  value: unknown,
  path: PropertyKey[],
  problems: ConfigProblem[],
  alsoKnown: string[] = [],
): z.infer<T> | undefined {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const at = [...path, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      const known = [...keysAt(schema, issue.path), ...(issue.path.length === 0 ? alsoKnown : [])];
      for (const key of issue.keys) {
        problems.push({ path: [...at, key], message: `unknown key ${JSON.stringify(key)}`, knownKeys: known });
      }
    } else {
      problems.push({ path: at, message: describeIssue(issue, at, value, path) });
    }
  }
  return undefined;
}

/** Keys whose value is, or may hold, a secret: a message never repeats it. */
const SENSITIVE_KEY = /(_key|_token|_secret|webhook_url|redis\.url|mcp\.headers\..*)$/;
const CREDENTIALS_IN_URL = /\/\/[^/]*@/;

function describeIssue(issue: z.core.$ZodIssue, at: PropertyKey[], root: unknown, path: PropertyKey[]): string {
  const key = at
    .filter((part) => typeof part === 'string')
    .join('.')
    .replace(/^clusters\.?/, '');
  const owner = path[0] === 'clusters' ? `cluster ${nameOf(root, path[1])}: ` : '';
  if (issue.input === undefined) return `${owner}${key || 'the entry'} is required`;
  const input = JSON.stringify(issue.input);
  const got = SENSITIVE_KEY.test(key) || CREDENTIALS_IN_URL.test(input) ? '' : `, got ${input}`;
  return `${owner}${key}: ${issue.message.replace(/^Invalid input: /, '')}${got}`;
}

function nameOf(entry: unknown, index?: PropertyKey): string {
  const name = isRecord(entry) && typeof entry.name === 'string' ? entry.name : undefined;
  return name ?? (index === undefined ? '(unnamed)' : `[${String(index)}]`);
}

/** The keys that the schema knows at a path within it. */
function keysAt(schema: z.ZodObject, path: PropertyKey[]): string[] {
  let current: unknown = schema;
  for (const part of path) {
    current = unwrap(current);
    current = current instanceof z.ZodObject ? current.shape[String(part)] : undefined;
  }
  current = unwrap(current);
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.def.innerType);
  }
  return schema;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
