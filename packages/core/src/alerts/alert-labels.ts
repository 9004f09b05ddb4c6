import { z } from 'zod';

/** What labels can name, and how severe an alert is. */
const USES = [
  'cluster',
  'namespace',
  'deployment',
  'statefulset',
  'daemonset',
  'cronjob',
  'job',
  'horizontalpodautoscaler',
  'persistentvolumeclaim',
  'resourcequota',
  'replicaset',
  'workload',
  'pod',
  'node',
  'service',
  'container',
  'severity',
] as const;
export type AlertLabelUse = (typeof USES)[number];

export type AlertLabels = Record<AlertLabelUse, readonly string[]>;

/**
 * The labels that name what an alert is about, by what they name; of several labels, the first that an alert has counts. The
 * defaults fit kube-prometheus-stack, Istio, and metrics whose own labels Prometheus has renamed to `exported_…`.
 */
const DEFAULT_LABELS: AlertLabels = {
  cluster: ['cluster', 'cluster_name', 'k8s_cluster'],
  namespace: [
    'exported_namespace',
    'namespace',
    'destination_workload_namespace',
    'destination_service_namespace',
    'kubernetes_namespace',
  ],
  deployment: ['deployment'],
  statefulset: ['statefulset'],
  daemonset: ['daemonset'],
  cronjob: ['cronjob'],
  job: ['job_name'],
  horizontalpodautoscaler: ['horizontalpodautoscaler'],
  persistentvolumeclaim: ['persistentvolumeclaim'],
  resourcequota: ['resourcequota'],
  replicaset: ['replicaset'],
  workload: ['destination_workload', 'workload'],
  pod: ['exported_pod', 'pod', 'pod_name', 'kubernetes_pod_name'],
  node: ['node', 'nodename', 'kubernetes_node', 'exported_node'],
  service: ['exported_service', 'destination_service_name', 'service'],
  container: ['exported_container', 'container'],
  severity: ['severity'],
};

const names = z.union([z.string(), z.array(z.string())]).transform((value) => (Array.isArray(value) ? value : [value]));

/** `alerts.labels` of the configuration: other labels for some of the uses. */
export const AlertLabelSettings = z.partialRecord(z.enum(USES, { error: `must be one of ${USES.join(', ')}` }), names);
export type AlertLabelSettings = z.infer<typeof AlertLabelSettings>;

/** Returns the labels of every use: the configured ones, else the default. */
export function alertLabels(configured: AlertLabelSettings): AlertLabels {
  return { ...DEFAULT_LABELS, ...configured };
}
