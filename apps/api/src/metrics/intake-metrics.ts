import { INTAKE_OUTCOMES } from '@nightcrier/core/incidents/admission';
import { auditBooks, type BookPage } from '@nightcrier/core/incidents/books';
import { SEVERITIES, type Severity } from '@nightcrier/core/faults/severity';
import { CONNECTION_STATUSES } from '@nightcrier/core/clusters/cluster-health';
import { Counter, Gauge, type Registry } from 'prom-client';
import { forEachOf } from './exposition.ts';
import { labelText, Series } from './series.ts';
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

/** Returns the connection of each cluster. */
export async function clusterMetrics(clusters: StateSnapshot['clusters']): Promise<Series[]> {
  const up = new Series({
    name: 'nightcrier_cluster_up',
    help: 'Whether the cluster is watched: its connection is active, and it was proven within a minute that faults are seen',
    type: 'gauge',
  });
  const degraded = new Series({
    name: 'nightcrier_cluster_degraded',
    help: 'Whether the cluster is watched only in part',
    type: 'gauge',
  });
  const blindKinds = new Series({
    name: 'nightcrier_cluster_blind_kinds',
    help: 'Kinds of objects of the cluster whose faults are not seen at present',
    type: 'gauge',
  });
  const contact = new Series({
    name: 'nightcrier_cluster_last_contact_timestamp_seconds',
    help: 'The last time at which the cluster was known to be watched; 0: never',
    type: 'gauge',
  });
  const blind = new Series({
    name: 'nightcrier_cluster_blind_seconds_total',
    help: 'Upper bound of the time in which the cluster was not watched, in seconds',
    type: 'counter',
  });
  await forEachOf(clusters, ({ name, status, blind_seconds = 0, blind_kinds = [], degraded: flaw, last_contact }) => {
    const cluster = labelText('cluster', name);
    up.add(cluster, status === 'active' ? 1 : 0);
    degraded.add(cluster, flaw === undefined ? 0 : 1);
    blindKinds.add(cluster, blind_kinds.length);
    contact.add(cluster, last_contact === undefined ? 0 : Date.parse(last_contact) / 1000);
    blind.add(cluster, blind_seconds);
  });
  return [up, degraded, blindKinds, contact, blind];
}

/** Returns the problems that are firing. @param perCluster false: sums over all clusters, without the label `cluster` */
export async function problemMetrics(
  { clusters, firing }: Pick<StateSnapshot, 'clusters' | 'firing'>,
  perCluster: boolean,
): Promise<Series[]> {
  const problems = new Series({
    name: 'nightcrier_problems_firing',
    help: 'Problems that are firing, by severity',
    type: 'gauge',
  });
  const counts = new Map<string, Map<Severity, number>>();
  for (const { cluster, severity, count } of firing) {
    const key = perCluster ? cluster : '';
    const ofCluster = counts.get(key) ?? new Map<Severity, number>();
    counts.set(key, ofCluster.set(severity, (ofCluster.get(severity) ?? 0) + count));
  }
  // A problem may be of a cluster that is no longer configured.
  const names = perCluster ? new Set([...clusters.map(({ name }) => name), ...counts.keys()]) : [''];
  await forEachOf(names, (name) => {
    const cluster = perCluster ? labelText('cluster', name) : '';
    const ofCluster = counts.get(name);
    for (const severity of SEVERITIES) {
      problems.add(labelText('severity', severity, cluster), ofCluster?.get(severity) ?? 0);
    }
  });
  return [problems];
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
 * Returns the books of each cluster, and its malformed messages.
 * @param perCluster false: sums over all clusters, without the label `cluster`
 */
export async function intakeMetrics(
  { clusters, intake: books, malformed }: Pick<StateSnapshot, 'clusters' | 'intake' | 'malformed'>,
  perCluster: boolean,
): Promise<Series[]> {
  const outcomes = new Series({
    name: 'nightcrier_fault_outcomes_total',
    help: 'Faults that were received, by outcome',
    type: 'counter',
  });
  const received = new Series({
    name: 'nightcrier_faults_received_total',
    help: 'Faults that were received',
    type: 'counter',
  });
  const open = new Series({
    name: 'nightcrier_open_incidents',
    help: 'Incidents that wait (waiting, delayed) or are investigated (active)',
    type: 'gauge',
  });
  const ended = new Series({
    name: 'nightcrier_incidents_ended_total',
    help: 'Queued incidents that have ended: finished, or shed as dropped or expired',
    type: 'counter',
  });
  const shed = new Series({
    name: 'nightcrier_faults_shed_total',
    help: 'Faults and incidents that were not investigated because of a full queue, their age or a full spool, by reason',
    type: 'counter',
  });
  const addPage = (cluster: string, counts: BookPage | undefined): void => {
    for (const outcome of INTAKE_OUTCOMES) outcomes.add(labelText('outcome', outcome, cluster), counts?.[outcome] ?? 0);
    received.add(cluster, counts?.received ?? 0);
    for (const state of OPEN) open.add(labelText('state', state, cluster), counts?.[state] ?? 0);
    for (const state of ENDED) ended.add(labelText('state', state, cluster), counts?.[state] ?? 0);
    for (const reason of SHED_FOR) shed.add(labelText('reason', reason, cluster), counts?.[reason] ?? 0);
  };
  if (perCluster) {
    // A cluster that is no longer configured stays in the books, and here: the clusters add up to the totals.
    const names = new Set([...clusters.map(({ name }) => name), ...Object.keys(books.clusters)]);
    await forEachOf(names, (name) => addPage(labelText('cluster', name), books.clusters[name]));
  } else addPage('', books.total);
  return [outcomes, received, open, ended, shed, malformedMessages(malformed, perCluster)];
}

function malformedMessages(malformed: StateSnapshot['malformed'], perCluster: boolean): Series {
  const invalid = new Series({
    name: 'nightcrier_malformed_messages_total',
    help: 'Malformed messages of clusters, by reason',
    type: 'counter',
  });
  const counts = new Map<string, number>();
  for (const { cluster, reason, count } of malformed) {
    const labels = labelText('reason', reason, perCluster ? labelText('cluster', cluster) : '');
    counts.set(labels, (counts.get(labels) ?? 0) + count);
  }
  for (const [labels, count] of counts) invalid.add(labels, count);
  return invalid;
}

/** Adds whether the books balance. */
export function balanceMetric(books: StateSnapshot['intake'], registry: Registry): void {
  const { balanced } = auditBooks(books);
  const help = 'Whether the books balance';
  new Gauge({ name: 'nightcrier_books_balanced', help, registers: [registry] }).set(balanced ? 1 : 0);
}
