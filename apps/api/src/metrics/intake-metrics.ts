import { INTAKE_OUTCOMES } from '@nightcrier/core/incidents/admission';
import { auditBooks, type BookPage, QUEUED_STATES } from '@nightcrier/core/incidents/books';
import { Counter, Gauge, type Registry } from 'prom-client';
import { forEachOf } from './exposition.ts';
import type { StateSnapshot } from './snapshot.ts';

/** The entries of the books for incidents and faults that were shed. */
const SHED_FOR = ['rejected', 'dropped_incoming', 'dropped', 'expired', 'lost'] as const;

/** Adds the number of clusters by the state of their connection. */
export function clusterCounts(clusters: StateSnapshot['clusters'], registry: Registry): void {
  const counts = new Gauge({
    name: 'nightcrier_clusters',
    help: 'Clusters by the state of their connection',
    labelNames: ['status'],
    registers: [registry],
  });
  for (const { status } of clusters) counts.inc({ status });
}

/** Adds the connection of each cluster. */
export async function clusterMetrics(clusters: StateSnapshot['clusters'], registry: Registry): Promise<void> {
  const registers = [registry];
  const up = new Gauge({
    name: 'nightcrier_cluster_up',
    help: 'Whether the connection to the cluster is active',
    labelNames: ['cluster'],
    registers,
  });
  const blind = new Counter({
    name: 'nightcrier_blind_seconds_total',
    help: 'Upper bound of the time in which the cluster was not watched, in seconds',
    labelNames: ['cluster'],
    registers,
  });
  await forEachOf(clusters, ({ name: cluster, status, blind_seconds = 0 }) => {
    up.set({ cluster }, status === 'active' ? 1 : 0);
    blind.inc({ cluster }, blind_seconds);
  });
}

/** Adds the alerts of Prometheus and Alertmanager. */
export function alertMetrics(alerts: StateSnapshot['alerts'], registry: Registry): void {
  const received = new Counter({
    name: 'nightcrier_alerts_total',
    help: 'Alerts that were received, by outcome',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const [outcome, count] of Object.entries(alerts)) received.inc({ outcome }, count);
}

/**
 * Adds the books of each cluster, and its malformed messages.
 * @param perCluster false: sums over all clusters, without the label `cluster`
 */
export async function intakeMetrics(
  { clusters, intake: books, malformed }: StateSnapshot,
  registry: Registry,
  perCluster: boolean,
): Promise<void> {
  const registers = [registry];
  const intake = new Counter({
    name: 'nightcrier_intake_total',
    help: 'Faults that were received, by outcome',
    labelNames: ['cluster', 'outcome'],
    registers,
  });
  const received = new Counter({
    name: 'nightcrier_received_total',
    help: 'Faults that were received',
    labelNames: ['cluster'],
    registers,
  });
  const queued = new Gauge({
    name: 'nightcrier_queued_incidents',
    help: 'Incidents that were queued, by present state: waiting, delayed, active, finished, dropped or expired',
    labelNames: ['cluster', 'state'],
    registers,
  });
  const shed = new Counter({
    name: 'nightcrier_shed_total',
    help: 'Faults and incidents that were not investigated because of a full queue, their age or a full spool, by reason',
    labelNames: ['cluster', 'reason'],
    registers,
  });
  const addPage = (labels: { cluster?: string }, counts: BookPage | undefined): void => {
    for (const outcome of INTAKE_OUTCOMES) intake.inc({ ...labels, outcome }, counts?.[outcome] ?? 0);
    received.inc(labels, counts?.received ?? 0);
    for (const state of QUEUED_STATES) queued.set({ ...labels, state }, counts?.[state] ?? 0);
    for (const reason of SHED_FOR) shed.inc({ ...labels, reason }, counts?.[reason] ?? 0);
  };
  if (perCluster) {
    // A cluster that is no longer configured stays in the books, and here: the clusters add up to the totals.
    const names = new Set([...clusters.map(({ name }) => name), ...Object.keys(books.clusters)]);
    await forEachOf(names, (cluster) => addPage({ cluster }, books.clusters[cluster]));
  } else addPage({}, books.total);
  const { balanced } = auditBooks(books);
  new Gauge({ name: 'nightcrier_books_balanced', help: 'Whether the books balance', registers }).set(balanced ? 1 : 0);

  const invalid = new Counter({
    name: 'nightcrier_malformed_total',
    help: 'Malformed messages of the cluster, by reason',
    labelNames: ['cluster', 'reason'],
    registers,
  });
  for (const { cluster, reason, count } of malformed) invalid.inc(perCluster ? { cluster, reason } : { reason }, count);
}
