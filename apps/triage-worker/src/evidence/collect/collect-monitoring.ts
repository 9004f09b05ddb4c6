import type { MonitoringConfig } from '@nightcrier/core/clusters/cluster-config';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { StoredAlert } from '@nightcrier/core/alerts/stored-alert';
import type { Config } from '@nightcrier/core/settings/config';
import type { Evidence, EvidencePiece } from '../evidence.ts';
import { ClusterView } from '../view/cluster-view.ts';
import { servicesOf } from '../view/service-links.ts';
import { workloadsOf } from '../view/subject.ts';
import type { MetricSubject } from './metric-queries.ts';
import { MonitoringClient } from './monitoring-client.ts';
import { alertmanagerCommand, alertsPiece, queryAlertmanager, relevantAlerts } from './read-alerts.ts';
import { readMetrics } from './read-metrics.ts';

export interface MonitoringOptions {
  monitoring: MonitoringConfig;
  /** Name of the cluster. */
  cluster: string;
  clusterEvent: ClusterEvent;
  /** The alerts of the cluster that were received. */
  received: readonly StoredAlert[];
  /** What was read of the cluster. */
  evidence: Evidence;
  now?: () => Date;
  signal?: AbortSignal;
}

const MOST_PODS = 20;
const MOST_NODES = 5;

/** Returns the Prometheus and Alertmanager of a cluster: its own section, else that of all clusters. */
export function monitoringOf(config: Pick<Config, 'monitoring'>, cluster: ClusterConfig): MonitoringConfig {
  return cluster.monitoring ?? config.monitoring;
}

/**
 * Adds to the evidence what the Kubernetes API does not know: the alerts that fire, and the metrics of workload and node. What
 * cannot be read is a gap. It fails no incident.
 * @throws the signal's reason
 */
export async function collectMonitoring(options: MonitoringOptions): Promise<EvidencePiece[]> {
  const { monitoring, clusterEvent, received, evidence, now = () => new Date(), signal } = options;
  const { prometheus_url, alertmanager_url, query_timeout } = monitoring;
  await using client = new MonitoringClient({ access: monitoring, timeout: query_timeout * 1000, signal });
  const filters = filtersOf(options);
  const [listed, metrics] = await Promise.all([
    alertmanager_url === undefined ? [] : queryAlertmanager(client, alertmanager_url, filters, now),
    prometheus_url === undefined ? [] : readMetrics(client, prometheus_url, subjectOf(options), now),
  ]);
  const alerts = [...relevantAlerts(received, clusterEvent), ...(Array.isArray(listed) ? listed : [])];
  const command = alertmanagerCommand(alertmanager_url, filters);
  return [
    ...alertsPiece(alerts, command, evidence.collectedAt),
    ...(Array.isArray(listed) ? [] : [listed]),
    ...metrics,
  ];
}

function clusterLabel({ monitoring, cluster }: MonitoringOptions): MetricSubject['cluster'] {
  const { cluster_label: label, cluster_value: value = cluster } = monitoring;
  return label === undefined ? undefined : { label, value };
}

/** What fires in the namespace, or of the node where the fault has none. */
function filtersOf(options: MonitoringOptions): string[] {
  const { kind, name, namespace } = options.clusterEvent.event.resource;
  const cluster = clusterLabel(options);
  const own = namespace !== undefined ? [`namespace=${JSON.stringify(namespace)}`] : [];
  const node = kind === 'Node' ? [`node=${JSON.stringify(name)}`] : [];
  return [...(cluster ? [`${cluster.label}=${JSON.stringify(cluster.value)}`] : []), ...own, ...node];
}

/** The pods, workloads, Services and nodes of the fault, as far as the evidence shows them. */
function subjectOf(options: MonitoringOptions): MetricSubject {
  const { evidence, clusterEvent } = options;
  const { resource } = clusterEvent.event;
  const view = new ClusterView(evidence);
  const workloads = workloadsOf(view, resource);
  const pods = workloads.flatMap((workload) => workload.pods);
  const names = pods.flatMap(({ metadata }) => metadata?.name ?? []);
  const nodes = pods.flatMap(({ spec }) => spec?.nodeName ?? []);
  const services = workloads
    .flatMap((workload) => servicesOf(view, workload))
    .flatMap(({ metadata }) => metadata?.name ?? []);
  return {
    namespace: resource.namespace,
    pods: [...new Set([...names, ...(resource.kind === 'Pod' ? [resource.name] : [])])].slice(0, MOST_PODS),
    workloads: [...new Set(workloads.map(({ name }) => name))],
    services: [...new Set([...services, ...(resource.kind === 'Service' ? [resource.name] : [])])],
    nodes: [...new Set([...(resource.kind === 'Node' ? [resource.name] : []), ...nodes])].slice(0, MOST_NODES),
    cluster: clusterLabel(options),
  };
}
