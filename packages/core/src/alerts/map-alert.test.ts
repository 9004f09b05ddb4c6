import { expect, test } from 'vitest';
import { alertLabels } from './alert-labels.ts';
import { mapAlert } from './map-alert.ts';

const mapping = { labels: alertLabels({}), clusterNames: { 'prod-eu': 'west' }, clusters: ['west', 'east'] };

function mapped(labels: Record<string, string>, annotations: Record<string, string> = {}) {
  return mapAlert({ labels: { cluster: 'west', ...labels }, annotations }, mapping);
}

/** Labels as kube-prometheus-stack, Istio and applications have them. */
const EXPORTER = {
  container: 'kube-state-metrics',
  endpoint: 'http',
  instance: '10.0.0.9:8080',
  job: 'kube-state-metrics',
  service: 'kps-kube-state-metrics',
};

test.each([
  [
    'a rule over kube-state-metrics, whose own pod Prometheus adds',
    {
      alertname: 'KubeDeploymentReplicasMismatch',
      namespace: 'shop',
      deployment: 'cart',
      pod: 'kps-kube-state-metrics-7d9c',
      ...EXPORTER,
    },
    { kind: 'Deployment', name: 'cart', namespace: 'shop' },
  ],
  [
    'a node of kube-state-metrics, in the namespace of the exporter',
    {
      alertname: 'KubeNodeNotReady',
      node: 'n1',
      namespace: 'monitoring',
      pod: 'kps-kube-state-metrics-7d9c',
      ...EXPORTER,
    },
    { kind: 'Node', name: 'n1' },
  ],
  [
    'a pod with its node',
    {
      alertname: 'KubePodCrashLooping',
      namespace: 'shop',
      pod: 'cart-1',
      container: 'app',
      node: 'n1',
      job: 'kube-state-metrics',
    },
    { kind: 'Pod', name: 'cart-1', namespace: 'shop' },
  ],
  [
    'a pod of kube-state-metrics with the container of the exporter',
    { alertname: 'PodFailed', namespace: 'shop', pod: 'cart-1', ...EXPORTER },
    { kind: 'Pod', name: 'cart-1', namespace: 'shop' },
  ],
  [
    'labels of the metric that Prometheus has renamed',
    {
      alertname: 'IngressErrors',
      namespace: 'ingress',
      pod: 'nginx-1',
      exported_namespace: 'shop',
      exported_service: 'cart',
    },
    { kind: 'Service', name: 'cart', namespace: 'shop' },
  ],
  [
    'a workload of Istio',
    {
      alertname: 'HighLatency',
      destination_workload: 'cart',
      destination_workload_namespace: 'shop',
      pod: 'gateway-1',
    },
    { kind: 'Deployment', name: 'cart', namespace: 'shop' },
  ],
  [
    'a workload with its type',
    { alertname: 'CPU', namespace: 'shop', workload: 'db', workload_type: 'statefulset' },
    { kind: 'StatefulSet', name: 'db', namespace: 'shop' },
  ],
  ['a Service', { alertname: 'HighErrorRate', namespace: 'shop', service: 'cart' }, { kind: 'Service', name: 'cart' }],
  [
    'a claim of the kubelet',
    {
      alertname: 'KubePersistentVolumeFillingUp',
      namespace: 'shop',
      persistentvolumeclaim: 'data',
      node: 'n1',
      service: 'kubelet',
    },
    { kind: 'PersistentVolumeClaim', name: 'data' },
  ],
  [
    'an autoscaler',
    { alertname: 'KubeHpaMaxedOut', namespace: 'shop', horizontalpodautoscaler: 'cart' },
    { kind: 'HorizontalPodAutoscaler' },
  ],
  [
    'a Job',
    { alertname: 'KubeJobFailed', namespace: 'shop', job_name: 'report-28412345', job: 'x' },
    { kind: 'Job', name: 'report-28412345' },
  ],
  ['a namespace alone', { alertname: 'TeamBudget', namespace: 'shop' }, { kind: 'Namespace', name: 'shop' }],
])('%s is what its alert is about', (_, labels, resource) => {
  expect(mapped(labels)).toMatchObject({ cluster: 'west', faultType: labels.alertname, resource });
});

test('the container is that of the pod, not that of the exporter', () => {
  expect(mapped({ alertname: 'A', namespace: 'shop', pod: 'cart-1', container: 'app' })).toMatchObject({
    container: 'app',
  });
  expect(mapped({ alertname: 'A', namespace: 'shop', deployment: 'cart', container: 'app' })).not.toHaveProperty(
    'container',
  );
});

test.each([
  ['our own', { alertname: 'A', pod: 'p', namespace: 'n', nightcrier: 'true' }, 'own'],
  ['the watchdog', { alertname: 'Watchdog', severity: 'none' }, 'no_fault'],
  ['an inhibitor', { alertname: 'InfoInhibitor', namespace: 'shop', severity: 'none' }, 'no_fault'],
  ['no severity worth a fault', { alertname: 'A', namespace: 'shop', pod: 'p', severity: 'None' }, 'no_fault'],
  ['another cluster', { alertname: 'A', namespace: 'shop', pod: 'p', cluster: 'north' }, 'unknown_cluster'],
  ['no object', { alertname: 'KubeAPIErrorBudgetBurn', severity: 'critical' }, 'no_resource'],
  [
    'a URL that is probed',
    { alertname: 'ProbeFailed', namespace: 'monitoring', pod: 'blackbox-exporter-1', container: 'blackbox-exporter' },
    'no_resource',
  ],
  ['a name that no object can have', { alertname: 'A', namespace: '../shop', pod: 'x' }, 'no_resource'],
])('an alert about %s is dropped as %s', (_, labels, reason) => {
  expect(mapped(labels)).toBe(reason);
});

test('the cluster is that of the address, else of a label by either name, else the only one', () => {
  const alert = { labels: { alertname: 'A', namespace: 'shop', pod: 'p' }, annotations: {} };
  expect(mapAlert(alert, mapping)).toBe('no_cluster');
  expect(mapAlert(alert, mapping, 'east')).toMatchObject({ cluster: 'east' });
  expect(mapAlert({ ...alert, labels: { ...alert.labels, cluster: 'prod-eu' } }, mapping)).toMatchObject({
    cluster: 'west',
  });
  expect(mapAlert(alert, { ...mapping, clusters: ['west'] })).toMatchObject({ cluster: 'west' });
  expect(mapAlert({ ...alert, labels: { ...alert.labels, cluster: 'constructor' } }, mapping)).toBe('unknown_cluster');
});

test('other labels can be configured', () => {
  const labels = alertLabels({ cluster: ['env'], service: ['app'] });
  const alert = {
    labels: { alertname: 'A', env: 'east', namespace: 'shop', app: 'cart', cluster: 'west' },
    annotations: {},
  };
  expect(mapAlert(alert, { ...mapping, labels })).toMatchObject({
    cluster: 'east',
    resource: { kind: 'Service', name: 'cart' },
  });
});

test.each([
  ['critical', 'critical'],
  ['page', 'critical'],
  ['WARNING', 'warning'],
  ['info', 'info'],
  ['', 'warning'],
  ['p3', 'warning'],
])('severity %j counts as %s', (severity, expected) => {
  expect(mapped({ alertname: 'A', namespace: 'shop', pod: 'p', severity })).toMatchObject({ severity: expected });
});

test.each([
  ['HighRequestLatency', {}, 'latency'],
  ['CheckoutErrors', {}, 'errors'],
  ['CPUThrottlingHigh', {}, 'saturation'],
  ['SloBurn', { summary: 'p99 of cart above 2 s' }, 'latency'],
  ['KubePodNotReady', { summary: 'Pod has been in a non-ready state' }, 'alert'],
])('%s is a symptom of its family', (alertname, annotations, family) => {
  expect(mapped({ alertname, namespace: 'shop', pod: 'p' }, annotations)).toMatchObject({ family });
});
