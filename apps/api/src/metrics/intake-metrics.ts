import { INTAKE_OUTCOMES } from '@nightcrier/core/incidents/admission';
import { auditBooks, type BookPage } from '@nightcrier/core/incidents/books';
import { SEVERITIES } from '@nightcrier/core/faults/severity';
import { CONNECTION_STATUSES } from '@nightcrier/core/clusters/cluster-health';
import { Counter, Gauge, type Registry } from 'prom-client';
import { forEachOf } from './exposition.ts';
import type { StateSnapshot } from './snapshot.ts';

const OPEN = ['waiting', 'delayed', 'active'] as const;
const ENDED = ['finished', 'dropped', 'expired'] as const;

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
  for (const status of CONNECTION_STATUSES) counts.set({ status }, 0);
  for (const { status } of clusters) counts.inc({ status });
  new Gauge({
    name: 'nightcrier_clusters_unassigned',
    help: 'Clusters that no ingester holds',
    registers: [registry],
  }).set(clusters.filter(({ owner }) => owner === undefined).length);
}

/** Adds the connection of each cluster. */
export async function clusterMetrics(clusters: StateSnapshot['clusters'], registry: Registry): Promise<void> {
  const registers = [registry];
  const labelNames = ['cluster'];
  const up = new Gauge({
    name: 'nightcrier_cluster_up',
    help: 'Whether the cluster is watched: its connection is active, and it was proven within a minute that faults are seen',
    labelNames,
    registers,
  });
  const degraded = new Gauge({
    name: 'nightcrier_cluster_degraded',
    help: 'Whether the cluster is watched only in part',
    labelNames,
    registers,
  });
  const blindKinds = new Gauge({
    name: 'nightcrier_cluster_blind_kinds',
    help: 'Kinds of objects of the cluster whose faults are not seen at present',
    labelNames,
    registers,
  });
  const contact = new Gauge({
    name: 'nightcrier_cluster_last_contact_timestamp_seconds',
    help: 'The last time at which the cluster was known to be watched; 0: never',
    labelNames,
    registers,
  });
  const blind = new Counter({
    name: 'nightcrier_cluster_blind_seconds_total',
    help: 'Upper bound of the time in which the cluster was not watched, in seconds',
    labelNames,
    registers,
  });
  await forEachOf(clusters, (health) => {
    const { name: cluster, status, blind_seconds = 0, blind_kinds = [], last_contact } = health;
    up.set({ cluster }, status === 'active' ? 1 : 0);
    degraded.set({ cluster }, health.degraded === undefined ? 0 : 1);
    blindKinds.set({ cluster }, blind_kinds.length);
    contact.set({ cluster }, last_contact === undefined ? 0 : Date.parse(last_contact) / 1000);
    blind.inc({ cluster }, blind_seconds);
  });
}

/** Adds the problems that are firing. @param perCluster false: sums over all clusters, without the label `cluster` */
export async function problemMetrics(
  { clusters, firing }: StateSnapshot,
  registry: Registry,
  perCluster: boolean,
): Promise<void> {
  const problems = new Gauge({
    name: 'nightcrier_problems_firing',
    help: 'Problems that are firing, by severity',
    labelNames: ['cluster', 'severity'],
    registers: [registry],
  });
  for (const severity of SEVERITIES) {
    if (perCluster) await forEachOf(clusters, ({ name: cluster }) => problems.set({ cluster, severity }, 0));
    else problems.set({ severity }, 0);
  }
  for (const { cluster, severity, count } of firing)
    problems.inc(perCluster ? { cluster, severity } : { severity }, count);
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
  const outcomes = new Counter({
    name: 'nightcrier_fault_outcomes_total',
    help: 'Faults that were received, by outcome',
    labelNames: ['cluster', 'outcome'],
    registers,
  });
  const received = new Counter({
    name: 'nightcrier_faults_received_total',
    help: 'Faults that were received',
    labelNames: ['cluster'],
    registers,
  });
  const open = new Gauge({
    name: 'nightcrier_open_incidents',
    help: 'Incidents that wait (waiting, delayed) or are investigated (active)',
    labelNames: ['cluster', 'state'],
    registers,
  });
  const ended = new Counter({
    name: 'nightcrier_incidents_ended_total',
    help: 'Queued incidents that have ended: finished, or shed as dropped or expired',
    labelNames: ['cluster', 'state'],
    registers,
  });
  const shed = new Counter({
    name: 'nightcrier_faults_shed_total',
    help: 'Faults and incidents that were not investigated because of a full queue, their age or a full spool, by reason',
    labelNames: ['cluster', 'reason'],
    registers,
  });
  const addPage = (labels: { cluster?: string }, counts: BookPage | undefined): void => {
    for (const outcome of INTAKE_OUTCOMES) outcomes.inc({ ...labels, outcome }, counts?.[outcome] ?? 0);
    received.inc(labels, counts?.received ?? 0);
    for (const state of OPEN) open.set({ ...labels, state }, counts?.[state] ?? 0);
    for (const state of ENDED) ended.inc({ ...labels, state }, counts?.[state] ?? 0);
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
    name: 'nightcrier_malformed_messages_total',
    help: 'Malformed messages of clusters, by reason',
    labelNames: ['cluster', 'reason'],
    registers,
  });
  for (const { cluster, reason, count } of malformed) invalid.inc(perCluster ? { cluster, reason } : { reason }, count);
}
