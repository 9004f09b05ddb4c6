import type { ResourceReference } from '../faults/fault.ts';
import { type Alert, labelOf } from './alert.ts';
import type { AlertLabels, AlertLabelUse } from './alert-labels.ts';

/** What an alert is about. */
export interface AlertSubject {
  resource: ResourceReference;
  container?: string;
}

const APPS = 'apps/v1';
const BATCH = 'batch/v1';

/** The kinds of objects of a namespace that labels can name, the one that says most first. */
const NAMESPACED = [
  { use: 'deployment', kind: 'Deployment', apiVersion: APPS },
  { use: 'statefulset', kind: 'StatefulSet', apiVersion: APPS },
  { use: 'daemonset', kind: 'DaemonSet', apiVersion: APPS },
  { use: 'cronjob', kind: 'CronJob', apiVersion: BATCH },
  { use: 'job', kind: 'Job', apiVersion: BATCH },
  { use: 'horizontalpodautoscaler', kind: 'HorizontalPodAutoscaler', apiVersion: 'autoscaling/v2' },
  { use: 'persistentvolumeclaim', kind: 'PersistentVolumeClaim', apiVersion: 'v1' },
  { use: 'resourcequota', kind: 'ResourceQuota', apiVersion: 'v1' },
  { use: 'replicaset', kind: 'ReplicaSet', apiVersion: APPS },
  { use: 'workload', kind: 'Deployment', apiVersion: APPS },
  { use: 'pod', kind: 'Pod', apiVersion: 'v1' },
] as const satisfies readonly { use: AlertLabelUse; kind: string; apiVersion: string }[];

/** Values of `workload_type`, which kube-prometheus' recording rules add to `workload`. */
const WORKLOAD_TYPES: ReadonlyMap<string, string> = new Map([
  ['deployment', 'Deployment'],
  ['statefulset', 'StatefulSet'],
  ['daemonset', 'DaemonSet'],
]);

/**
 * Exporters that report about other objects. Prometheus adds the exporter's own pod, Service and namespace to metrics that do
 * not have these labels, such as those of nodes and Deployments.
 */
const EXPORTERS = ['kube-state-metrics', 'node-exporter', 'blackbox-exporter'];

/**
 * Where a metric has labels of its own that Prometheus sets too, such as that of an ingress controller about the Services behind
 * it, Prometheus renames the metric's. Then the labels without this prefix are about the controller.
 */
const RENAMED = 'exported_';
const OF_TARGET: ReadonlySet<AlertLabelUse> = new Set(['pod', 'service', 'container']);

/** A name that Kubernetes allows: other texts in these labels name no object. */
const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Returns the object that an alert is about as far as its labels tell; undefined where they name none. */
export function alertSubject(alert: Pick<Alert, 'labels'>, uses: AlertLabels): AlertSubject | undefined {
  const namespaceLabel = uses.namespace.find((label) => labelOf(alert, label) !== undefined);
  const isRenamed = namespaceLabel?.startsWith(RENAMED) === true;
  const value = (use: AlertLabelUse): string | undefined => {
    const labels = isRenamed && OF_TARGET.has(use) ? uses[use].filter((label) => label.startsWith(RENAMED)) : uses[use];
    const found = labels.map((label) => labelOf(alert, label)).find((text) => text !== undefined);
    return found !== undefined && NAME.test(found) ? found : undefined;
  };
  const container = value('container');
  const pod = value('pod');
  const isOfExporter = EXPORTERS.some((exporter) => container === exporter && pod?.includes(exporter));
  const namespace = value('namespace');
  if (namespace !== undefined) {
    for (const { use, kind, apiVersion } of NAMESPACED) {
      const name = use === 'pod' && isOfExporter ? undefined : value(use);
      if (name === undefined) continue;
      const type = use === 'workload' ? WORKLOAD_TYPES.get(labelOf(alert, 'workload_type') ?? '') : undefined;
      const resource = { apiVersion, kind: type ?? kind, name, namespace };
      return { resource, ...(use === 'pod' && container !== undefined && { container }) };
    }
  }
  const node = value('node');
  if (node !== undefined) return { resource: { apiVersion: 'v1', kind: 'Node', name: node } };
  const service = value('service');
  const isOwnService = EXPORTERS.some((exporter) => service?.includes(exporter));
  if (namespace !== undefined && service !== undefined && !isOwnService) {
    return { resource: { apiVersion: 'v1', kind: 'Service', name: service, namespace } };
  }
  if (namespace === undefined || isOfExporter || isOwnService) return undefined;
  return { resource: { apiVersion: 'v1', kind: 'Namespace', name: namespace } };
}
