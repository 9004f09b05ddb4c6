import {
  ClusterConfig,
  FlatClusterConfig,
  WatchedClusterConfig,
  expandFlatCluster,
} from '../../clusters/cluster-config.ts';
import { type ConfigProblem, check, isRecord, nameOf } from './config-problem.ts';
import { clusterFileProblems } from './file-checks.ts';
import type { ConfigSurroundings } from './config-surroundings.ts';

/** Parses `clusters`, or the single cluster that `mcp_endpoint` names. Adds every problem. */
export function parseClusters(
  rawClusters: unknown,
  endpoint: unknown,
  surroundings: ConfigSurroundings,
  problems: ConfigProblem[],
): ClusterConfig[] {
  if (endpoint !== undefined && rawClusters !== undefined) {
    problems.push({ path: ['mcp_endpoint'], message: 'mcp_endpoint and clusters cannot both be set; keep clusters' });
  } else if (endpoint !== undefined) {
    return parseSingleCluster(endpoint, surroundings, problems);
  }
  if (rawClusters === undefined || (Array.isArray(rawClusters) && rawClusters.length === 0)) {
    if (endpoint === undefined) {
      const absent = [['clusters'], ['monitored_clusters'], ['mcp_endpoint']];
      problems.push({ path: ['clusters'], message: 'at least one cluster must be configured', absent });
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
  raw: unknown,
  path: PropertyKey[],
  surroundings: ConfigSurroundings,
  problems: ConfigProblem[],
): ClusterConfig[] {
  const entry = withoutUnset(raw);
  const isFlat = isRecord(entry) && ('mcp_endpoint' in entry || 'kubeconfig' in entry) && !('mcp' in entry);
  if (isRecord(entry)) problems.push(...clusterFileProblems(entry, path, surroundings));
  if (isFlat) {
    const flat = check(FlatClusterConfig, entry, path, problems);
    return flat ? [expandFlatCluster(flat)] : [];
  }
  const isWatched = isRecord(entry) && entry.source === 'kubernetes';
  const found: ConfigProblem[] = [];
  // Without `mcp`, a misspelt key may be one of the short form.
  const further = isRecord(entry) && 'mcp' in entry ? {} : { other: SHORT_FORM };
  const cluster = check(isWatched ? WatchedClusterConfig : ClusterConfig, entry, path, found, further);
  for (const problem of found) {
    const isMcp =
      problem.absent !== undefined && problem.path.length === path.length + 1 && problem.path.at(-1) === 'mcp';
    problems.push(isMcp ? { ...problem, absent: [problem.path, [...path, 'mcp_endpoint']] } : problem);
  }
  return cluster ? [cluster] : [];
}

const SHORT_FORM = ['mcp_endpoint', 'kubeconfig'];

/** Drops keys without a value, and empty text but for what is required: both mean that the key is not set. */
function withoutUnset(value: unknown, key?: string): unknown {
  if (!isRecord(value) || key === 'labels') return value;
  const entries = Object.entries(value).filter(
    ([name, inner]) => inner !== null && (inner !== '' || REQUIRED.has(name) || key === 'headers'),
  );
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutUnset(inner, name)]));
}

const REQUIRED = new Set(['name', 'endpoint', 'mcp_endpoint']);

function parseSingleCluster(
  endpoint: unknown,
  surroundings: ConfigSurroundings,
  problems: ConfigProblem[],
): ClusterConfig[] {
  const { defaultKubeconfig: kubeconfig } = surroundings;
  const found: ConfigProblem[] = [];
  const flat = check(FlatClusterConfig, { name: 'default', mcp_endpoint: endpoint, kubeconfig }, [], found);
  const text = surroundings.read(kubeconfig);
  const problem = text === undefined ? 'is not a readable file' : surroundings.kubeconfigProblem(text, kubeconfig);
  if (problem !== undefined) {
    const message = `mcp_endpoint uses the default kubeconfig, and ${kubeconfig} ${problem}; set KUBECONFIG or use clusters`;
    found.push({ path: ['mcp_endpoint'], message });
  }
  problems.push(...found);
  return flat && found.length === 0 ? [expandFlatCluster(flat)] : [];
}

function reportDuplicateNames(entries: unknown[], problems: ConfigProblem[]): void {
  const firstAt = new Map<string, number>();
  entries.forEach((entry, index) => {
    const name = isRecord(entry) ? entry.name : undefined;
    if (typeof name !== 'string') return;
    const first = firstAt.get(name);
    if (first === undefined) firstAt.set(name, index);
    else {
      const message = `duplicate cluster name: ${nameOf(entry)} (also clusters[${first}])`;
      problems.push({ path: ['clusters', index, 'name'], message });
    }
  });
}
