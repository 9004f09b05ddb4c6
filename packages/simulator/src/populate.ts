import { withDefaults } from './object-defaults.ts';
import type { KubernetesObject } from './kubernetes/objects/kubernetes-object.ts';
import type { ObjectStore } from './kubernetes/objects/object-store.ts';
import { uidOf } from './placeholders.ts';

/** Pods of one Deployment. */
const REPLICAS = 10;
const NODES = ['node-1', 'node-2', 'node-3'];

/** Fills a cluster with healthy Deployments, evenly over namespaces; each pod is as large as in a real cluster, about 4 KB. */
export function populate(store: ObjectStore, { pods, namespaces }: { pods: number; namespaces: number }): void {
  const created = '2026-01-01T00:00:00Z';
  for (let index = 0; index < namespaces; index += 1) {
    store.put(
      withDefaults({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: `team-${index}`, creationTimestamp: created },
      }),
    );
  }
  for (let first = 0; first < pods; first += REPLICAS) {
    const number = first / REPLICAS;
    const name = `service-${number}`;
    const namespace = `team-${number % namespaces}`;
    const replicas = Math.min(REPLICAS, pods - first);
    const labels = { app: name, 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/instance': name };
    const container = {
      name: 'app',
      image: `registry.example.com/${namespace}/${name}:1.${number}.0`,
      env: ['LOG_LEVEL', 'REGION', 'DATABASE_HOST', 'CACHE_HOST'].map((key) => ({
        name: key,
        value: `${name}-${key}`,
      })),
      ports: [{ containerPort: 8080, protocol: 'TCP' }],
      resources: { limits: { memory: '512Mi' }, requests: { cpu: '100m', memory: '256Mi' } },
      readinessProbe: {
        httpGet: { path: '/ready', port: 8080, scheme: 'HTTP' },
        periodSeconds: 10,
        failureThreshold: 3,
      },
    };
    const template = { metadata: { labels }, spec: { containers: [container] } };
    const counts = { replicas, readyReplicas: replicas, availableReplicas: replicas, observedGeneration: 1 };
    const deployment = metadataOf(name, namespace, labels);
    const replicaSet = metadataOf(`${name}-7d4b9c8f6d`, namespace, labels, ['apps/v1', 'Deployment', deployment]);
    const spec = { replicas, selector: { matchLabels: { app: name } }, template };
    const workload = { apiVersion: 'apps/v1', spec, status: counts };
    store.put(withDefaults({ ...workload, kind: 'Deployment', metadata: deployment }));
    store.put(withDefaults({ ...workload, kind: 'ReplicaSet', metadata: replicaSet }));
    for (let replica = 0; replica < replicas; replica += 1) {
      const own = `${replicaSet.name}-${String(replica).padStart(5, 'x')}`;
      const metadata = metadataOf(own, namespace, labels, ['apps/v1', 'ReplicaSet', replicaSet]);
      store.put(podOf({ ...metadata, managedFields: managedFields(created) }, container, first + replica, created));
    }
  }
}

type Metadata = KubernetesObject['metadata'];

function metadataOf(
  name: string,
  namespace: string,
  labels: Record<string, string>,
  owner?: [apiVersion: string, kind: string, metadata: Metadata],
): Metadata & { uid: string } {
  const [apiVersion, kind, of] = owner ?? [];
  const reference = of && { apiVersion, kind, name: of.name, uid: of.uid, controller: true, blockOwnerDeletion: true };
  return {
    name,
    namespace,
    uid: uidOf(name, namespace),
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels,
    ...(reference && { ownerReferences: [reference] }),
  };
}

function podOf(metadata: Metadata, container: { name: string; image: string }, index: number, since: string) {
  const { name, image } = container;
  const isTrue = (type: string) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: since });
  return withDefaults({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { nodeName: NODES[index % NODES.length], containers: [container] },
    status: {
      phase: 'Running',
      podIP: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      startTime: since,
      conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(isTrue),
      containerStatuses: [
        {
          name,
          image,
          imageID: `${image}@sha256:${'0'.repeat(64)}`,
          containerID: `containerd://${'0'.repeat(64)}`,
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: since } },
          lastState: {},
        },
      ],
    },
  });
}

/** What a real API server keeps of who has written which field: a good part of an object. */
function managedFields(time: string): object[] {
  const owned = (fields: string[]) => Object.fromEntries(fields.map((field) => [`f:${field}`, {}]));
  const entry = { apiVersion: 'v1', fieldsType: 'FieldsV1', operation: 'Update', time };
  const container = owned(['image', 'imagePullPolicy', 'name', 'terminationMessagePath', 'terminationMessagePolicy']);
  const spec = owned(['dnsPolicy', 'enableServiceLinks', 'restartPolicy', 'schedulerName', 'securityContext']);
  return [
    {
      ...entry,
      manager: 'kube-controller-manager',
      fieldsV1: {
        'f:metadata': owned(['generateName', 'labels', 'ownerReferences']),
        'f:spec': { ...spec, 'f:containers': { 'k:{"name":"app"}': container } },
      },
    },
    {
      ...entry,
      manager: 'kubelet',
      subresource: 'status',
      fieldsV1: {
        'f:status': owned([
          'conditions',
          'containerStatuses',
          'hostIP',
          'hostIPs',
          'phase',
          'podIP',
          'podIPs',
          'startTime',
        ]),
      },
    },
  ];
}
