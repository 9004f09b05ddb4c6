import { Counter, Gauge, Registry } from 'prom-client';
import { agentMetrics, breakerMetrics } from './agent-metrics.ts';
import { alertMetrics, clusterCounts, clusterMetrics, intakeMetrics } from './intake-metrics.ts';
import type { StateSnapshot } from './snapshot.ts';
import { spoolMetrics } from './spool-metrics.ts';

/**
 * Returns the metrics of the state in Redis, in a registry of this scrape: the counts are those of Redis, so none of an
 * earlier scrape may remain. Without a snapshot there is only `nightcrier_redis_up`, since old values would mislead.
 * @param perCluster false: sums over all clusters
 */
export async function stateMetrics(snapshot: StateSnapshot | undefined, perCluster: boolean): Promise<Registry> {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({ name: 'nightcrier_redis_up', help: 'Whether Redis is reachable', registers }).set(snapshot ? 1 : 0);
  if (!snapshot) return registry;
  queueMetrics(snapshot, registry);
  triageMetrics(snapshot, registry);
  breakerMetrics(snapshot.breaker, registry);
  notificationMetrics(snapshot, registry);
  agentMetrics(snapshot.agents, registry);
  spoolMetrics(snapshot.ingesters, registry);
  clusterCounts(snapshot.clusters, registry);
  if (perCluster) await clusterMetrics(snapshot.clusters, registry);
  await intakeMetrics(snapshot, registry, perCluster);
  alertMetrics(snapshot.alerts, registry);
  return registry;
}

function queueMetrics({ queue, incidents }: StateSnapshot, registry: Registry): void {
  const registers = [registry];
  const jobs = new Gauge({
    name: 'nightcrier_queue_jobs',
    help: 'Jobs of the triage queue by state',
    labelNames: ['state'],
    registers,
  });
  for (const [state, count] of Object.entries(queue)) jobs.set({ state }, count);
  const kept = new Gauge({
    name: 'nightcrier_incidents',
    help: 'Incidents that are open or retained, by state',
    labelNames: ['state'],
    registers,
  });
  for (const [state, count] of Object.entries(incidents)) kept.set({ state }, count);
}

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

function notificationMetrics({ notifications }: StateSnapshot, registry: Registry): void {
  const jobs = new Gauge({
    name: 'nightcrier_notification_jobs',
    help: 'Notifications by target and state; failed: not delivered',
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
