import { dump } from 'js-yaml';

/** Objects of a cluster with so many pods, in the size and shape that real ones have. */

const NAMESPACES = 50;
/** Pods of one workload. */
const REPLICAS = 4;
const PODS_PER_NODE = 50;
const SINCE = '2026-11-01T08:00:00Z';

export interface SentObject {
  namespace: string;
  name: string;
  json: string;
  yaml: string;
}

const meta = (more: object): object => ({
  name: '$NAME',
  namespace: '$NS',
  uid: 'b6a1$UID-4b1f-9d7c-2f0e8c5a7d31',
  resourceVersion: '$VERSION',
  creationTimestamp: SINCE,
  labels: { app: '$APP', 'app.kubernetes.io/part-of': 'shop', 'pod-template-hash': '7d4b9c8f6d' },
  annotations: { 'prometheus.io/scrape': 'true', 'kubectl.kubernetes.io/restartedAt': SINCE },
  managedFields: Array.from({ length: 2 }, (_, index) => ({
    manager: index === 0 ? 'kube-controller-manager' : 'kubelet',
    operation: 'Update',
    apiVersion: 'v1',
    time: SINCE,
    fieldsType: 'FieldsV1',
    fieldsV1: Object.fromEntries(Array.from({ length: 12 }, (__, at) => [`f:field-${at}`, { '.': {}, 'f:value': {} }])),
  })),
  ...more,
});
const owner = (kind: string, name: string): object => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: 'o-$UID', controller: true, blockOwnerDeletion: true }],
});
const container = {
  name: 'app',
  image: 'registry.example.com/shop/$APP:1.42.0',
  ports: [{ containerPort: 8080, name: 'http', protocol: 'TCP' }],
  env: Array.from({ length: 15 }, (_, index) => ({
    name: `SETTING_${index}`,
    value: `value ${index} of this workload`,
  })),
  resources: { limits: { cpu: '1', memory: '512Mi' }, requests: { cpu: '100m', memory: '256Mi' } },
  volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', name: 'token', readOnly: true }],
  readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10, failureThreshold: 3 },
  livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10, failureThreshold: 3 },
};
const template = { metadata: { labels: { app: '$APP' } }, spec: { containers: [container] } };
const healthy = (status: object): object => ({
  observedGeneration: 3,
  replicas: REPLICAS,
  readyReplicas: REPLICAS,
  ...status,
});
const conditions = (...types: string[]): object[] =>
  types.map((type) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: SINCE, reason: 'AsExpected' }));

const TEMPLATES = {
  pods: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(owner('ReplicaSet', '$APP-7d4b9c8f6d')),
    spec: {
      nodeName: '$NODE',
      restartPolicy: 'Always',
      serviceAccountName: 'default',
      containers: [container],
      volumes: [
        { name: 'token', projected: { defaultMode: 420, sources: [{ configMap: { name: 'kube-root-ca.crt' } }] } },
      ],
      tolerations: [{ effect: 'NoExecute', key: 'node.kubernetes.io/not-ready', operator: 'Exists' }],
    },
    status: {
      phase: 'Running',
      conditions: conditions('Initialized', 'Ready', 'ContainersReady', 'PodScheduled'),
      containerStatuses: [
        {
          name: 'app',
          ready: true,
          restartCount: 0,
          image: container.image,
          imageID: 'registry.example.com/shop@sha256:0f4b3a60f0f4b4b8c8c123456789abc',
          state: { running: { startedAt: SINCE } },
          lastState: {},
        },
      ],
      podIP: '10.1.2.3',
    },
  },
  deployments: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta({}),
    spec: { replicas: REPLICAS, selector: { matchLabels: { app: '$APP' } }, template },
    status: healthy({ updatedReplicas: REPLICAS, conditions: conditions('Available', 'Progressing') }),
  },
  replicasets: {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: meta(owner('Deployment', '$APP')),
    spec: { replicas: REPLICAS, selector: { matchLabels: { app: '$APP' } }, template },
    status: healthy({}),
  },
  services: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta({}),
    spec: { type: 'ClusterIP', selector: { app: '$APP' }, ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }] },
  },
  nodes: {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: meta({ namespace: undefined }),
    status: { conditions: conditions('Ready') },
  },
  namespaces: {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: meta({ namespace: undefined }),
    status: { phase: 'Active' },
  },
};
export type SentKind = keyof typeof TEMPLATES;

/** A pod whose container crashes again and again. */
const CRASHING = {
  ...TEMPLATES.pods,
  status: {
    ...TEMPLATES.pods.status,
    containerStatuses: [
      {
        name: 'app',
        ready: false,
        restartCount: 3,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container' } },
        lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: '$NOW' } },
      },
    ],
  },
};

const SOURCES = new Map<object, { json: string; yaml: string }>();

function fill(source: object, values: Record<string, string>): { json: string; yaml: string } {
  let texts = SOURCES.get(source);
  if (!texts)
    SOURCES.set(
      source,
      (texts = { json: JSON.stringify(source), yaml: dump([source], { noRefs: true, sortKeys: true }) }),
    );
  const replaced = (text: string): string => text.replaceAll(/\$[A-Z]+/g, (token) => values[token.slice(1)] ?? '');
  return { json: replaced(texts.json), yaml: replaced(texts.yaml) };
}

let version = 1_000;

/** Returns a pod in its present version. */
export function podAt(index: number, isCrashing = false): SentObject {
  const workload = Math.floor(index / REPLICAS);
  const [namespace, app] = [`team-${workload % NAMESPACES}`, `app-${workload}`];
  const name = `${app}-7d4b9c8f6d-${index}`;
  version += 1;
  const values = {
    NAME: name,
    NS: namespace,
    APP: app,
    UID: String(index),
    NODE: `node-${Math.floor(index / PODS_PER_NODE)}`,
    VERSION: String(version),
    NOW: new Date().toISOString(),
  };
  return { namespace, name, ...fill(isCrashing ? CRASHING : TEMPLATES.pods, values) };
}

/** Returns all objects of a cluster, by kind. */
export function clusterOf(pods: number): Map<SentKind, SentObject[]> {
  const make = (kind: SentKind, count: number, nameOf: (index: number) => string, isNamespaced = true): SentObject[] =>
    Array.from({ length: count }, (_, index) => {
      const namespace = isNamespaced ? `team-${index % NAMESPACES}` : '';
      const values = { NAME: nameOf(index), NS: namespace, APP: `app-${index}`, UID: `${kind}${index}`, VERSION: '1' };
      return { namespace, name: nameOf(index), ...fill(TEMPLATES[kind], values) };
    });
  const workloads = Math.ceil(pods / REPLICAS);
  return new Map<SentKind, SentObject[]>([
    ['namespaces', make('namespaces', NAMESPACES, (index) => `team-${index}`, false)],
    ['nodes', make('nodes', Math.ceil(pods / PODS_PER_NODE), (index) => `node-${index}`, false)],
    ['services', make('services', workloads, (index) => `app-${index}`)],
    ['deployments', make('deployments', workloads, (index) => `app-${index}`)],
    ['replicasets', make('replicasets', workloads, (index) => `app-${index}-7d4b9c8f6d`)],
    ['pods', Array.from({ length: pods }, (_, index) => podAt(index))],
  ]);
}
