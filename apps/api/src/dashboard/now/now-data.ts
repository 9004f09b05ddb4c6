import type { AgentHealth } from '@nightcrier/core/incidents/agent-health';
import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import { SEVERITIES, type Severity } from '@nightcrier/core/faults/severity';
import type { Budget } from '@nightcrier/core/gateway/budgets';
import { redactValue } from '@nightcrier/redaction/redact-value';
import type { ModelCost } from '@nightcrier/state/budgets/model-budgets';
import { queueCounts, type QueueCounts } from '@nightcrier/state/queue/triage-queue';
import type { FoundProblem } from '@nightcrier/state/search/problem-search';
import type { ApiContext } from '../../api-context.ts';

/** What the first page shows. */
export interface NowData {
  /** Firing problems by cluster, the worst first. */
  firing: ClusterCount[];
  latest: FoundProblem[];
  /** Clusters that are not watched, or only in part. */
  unwatched: ClusterHealth[];
  clusters: number;
  queue: QueueCounts;
  /** Milliseconds since the epoch. */
  oldestQueued: number | undefined;
  workers: number;
  agents: AgentHealth;
  budget: { used: ModelCost; limit: Budget | undefined };
}

export interface ClusterCount {
  cluster: string;
  bySeverity: Record<Severity, number>;
  total: number;
}

const LATEST = 10;

export async function readNow(context: ApiContext): Promise<NowData> {
  const { redis, keys, problems, problemSearch, health, clusters, incidents, breaker, budgets } = context;
  const [counts, latest, watched, queue, oldestQueued, workers, agents, used] = await Promise.all([
    problems.countFiring(),
    problemSearch.find({ state: 'firing', limit: LATEST }),
    health.read(clusters()),
    queueCounts(redis, keys),
    incidents.oldestQueued(),
    context.workersAlive(),
    breaker.read(),
    budgets.today(),
  ]);
  return {
    firing: byCluster(counts),
    latest: await redactValue(latest.found),
    unwatched: watched.filter(({ status, degraded }) => status !== 'active' || degraded !== undefined),
    clusters: watched.length,
    queue,
    oldestQueued,
    workers,
    agents,
    budget: { used, limit: context.dailyBudget() },
  };
}

function byCluster(counts: { cluster: string; severity: Severity; count: number }[]): ClusterCount[] {
  const found = new Map<string, ClusterCount>();
  for (const { cluster, severity, count } of counts) {
    const one = found.get(cluster) ?? { cluster, bySeverity: { info: 0, warning: 0, critical: 0 }, total: 0 };
    one.bySeverity[severity] += count;
    one.total += count;
    found.set(cluster, one);
  }
  const worst = SEVERITIES.toReversed();
  return [...found.values()].toSorted(
    (one, other) =>
      worst
        .map((severity) => other.bySeverity[severity] - one.bySeverity[severity])
        .find((difference) => difference !== 0) ?? one.cluster.localeCompare(other.cluster),
  );
}
