import { Counter, Gauge, Registry } from 'prom-client';
import { agentMetrics, breakerMetrics } from './agent-metrics.ts';
import {
  alertMetrics,
  balanceMetric,
  clusterCounts,
  clusterMetrics,
  intakeMetrics,
  problemMetrics,
} from './intake-metrics.ts';
import type { Series } from './series.ts';
import type { StateSnapshot } from './snapshot.ts';
import { processMetrics, spoolMetrics } from './spool-metrics.ts';

/**
 * Returns the metrics of the state in Redis, in a registry of this scrape and, where there may be series of each cluster, beside it: the
 * counts are those of Redis, so none of an earlier scrape may remain. Without a snapshot there is only `nightcrier_redis_up`, since old values would mislead.
 * @param perCluster false: sums over all clusters
 */
export async function stateMetrics(
  snapshot: StateSnapshot | undefined,
  perCluster: boolean,
): Promise<{ registry: Registry; series: Series[] }> {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({ name: 'nightcrier_redis_up', help: 'Whether Redis is reachable', registers }).set(snapshot ? 1 : 0);
  new Gauge({
    name: 'nightcrier_redis_writable',
    help: 'Whether Redis takes what admission writes: it is no replica, has memory, and its ACL allows it',
    registers,
  }).set(snapshot?.redisWritable ? 1 : 0);
  if (!snapshot) return { registry, series: [] };
  queueMetrics(snapshot, registry);
  triageMetrics(snapshot, registry);
  breakerMetrics(snapshot.breaker, registry);
  notificationMetrics(snapshot, registry);
  agentMetrics(snapshot.agents, registry);
  processMetrics(snapshot, registry);
  spoolMetrics(snapshot.ingesters, registry);
  budgetMetrics(snapshot.budget, registry);
  clusterCounts(snapshot.clusters, registry);
  alertMetrics(snapshot.alerts, registry);
  balanceMetric(snapshot.intake, registry);
  const series = [
    ...(await problemMetrics(snapshot, perCluster)),
    ...(perCluster ? await clusterMetrics(snapshot.clusters) : []),
    ...(await intakeMetrics(snapshot, perCluster)),
  ];
  return { registry, series };
}

function queueMetrics({ queue, incidents, oldestWaiting }: StateSnapshot, registry: Registry): void {
  const registers = [registry];
  const jobs = new Gauge({
    name: 'nightcrier_queue_jobs',
    help: 'Jobs of the triage queue that have not ended, by state',
    labelNames: ['state'],
    registers,
  });
  for (const state of UNENDED) jobs.set({ state }, queue[state]);
  new Gauge({
    name: 'nightcrier_queue_oldest_age_seconds',
    help: 'Age of the oldest incident that no worker has begun to investigate; 0: there is none',
    registers,
  }).set(oldestWaiting);
  const kept = new Gauge({
    name: 'nightcrier_incidents',
    help: 'Incidents that are open or retained, by state',
    labelNames: ['state'],
    registers,
  });
  for (const [state, count] of Object.entries(incidents)) kept.set({ state }, count);
}

/** Jobs in other states are kept for a while, so their number says nothing. */
const UNENDED = ['waiting', 'delayed', 'active'] as const;

function triageMetrics({ triage, causes }: StateSnapshot, registry: Registry): void {
  const registers = [registry];
  const runs = new Counter({
    name: 'nightcrier_triage_runs_total',
    help: 'Triage runs by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const seconds = new Counter({
    name: 'nightcrier_triage_seconds_total',
    help: 'Duration of triage runs by outcome, in seconds',
    labelNames: ['outcome'],
    registers,
  });
  for (const count of triage) {
    runs.inc({ outcome: count.outcome }, count.runs);
    seconds.inc({ outcome: count.outcome }, count.seconds);
  }
  const diagnoses = new Counter({
    name: 'nightcrier_diagnoses_total',
    help: 'Resolved incidents by the cause of their diagnosis; unknown: not determined',
    labelNames: ['cause'],
    registers,
  });
  for (const { cause, incidents } of causes) diagnoses.inc({ cause }, incidents);
}

function budgetMetrics({ used, limit }: StateSnapshot['budget'], registry: Registry): void {
  const registers = [registry];
  new Gauge({ name: 'nightcrier_budget_used_tokens', help: 'Tokens that models have used today (UTC)', registers }).set(
    used.tokens,
  );
  new Gauge({ name: 'nightcrier_budget_used_usd', help: 'Known cost of models today (UTC), in USD', registers }).set(
    used.usd,
  );
  const ratio = new Gauge({
    name: 'nightcrier_budget_used_ratio',
    help: "Used part of the day's budget, of tokens or of cost, whichever is nearer to its end; 0 without a budget",
    registers,
  });
  const parts = [limit?.tokens && used.tokens / limit.tokens, limit?.usd && used.usd / limit.usd];
  ratio.set(Math.max(0, ...parts.map((part) => part ?? 0)));
}

function notificationMetrics({ notifications }: StateSnapshot, registry: Registry): void {
  const jobs = new Gauge({
    name: 'nightcrier_notification_jobs',
    help: 'Notifications that are not delivered yet, by target and state; failed: given up, and kept for a while',
    labelNames: ['target', 'state'],
    registers: [registry],
  });
  const failing = new Gauge({
    name: 'nightcrier_receiver_failing',
    help: '1 while the deliveries to a target of a receiver fail',
    labelNames: ['receiver', 'target'],
    registers: [registry],
  });
  const failures = new Gauge({
    name: 'nightcrier_receiver_failures',
    help: 'Deliveries to a target that have failed since the last one that succeeded',
    labelNames: ['receiver', 'target'],
    registers: [registry],
  });
  for (const { receiver, target, failing: isFailing, failures: count, jobs: counts } of notifications) {
    failing.set({ receiver, target }, isFailing ? 1 : 0);
    failures.set({ receiver, target }, count);
    for (const [state, count] of Object.entries(counts)) jobs.set({ target, state }, count);
  }
}
