import type { Evidence, EvidencePiece } from '../../src/evidence/evidence.ts';
import type { KubernetesObject } from '../../src/evidence/kubernetes-object.ts';

const KINDS = [
  'Pod',
  'Service',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'ControllerRevision',
  'Ingress',
  'NetworkPolicy',
  'ResourceQuota',
];
const OF_CLUSTER = ['Node', 'IngressClass'];

export const NOW = '2026-03-01T08:20:00Z';

/** The evidence of a cluster with these objects alone, complete for the kinds of a namespace. */
export function evidenceOf(objects: KubernetesObject[], others: EvidencePiece[] = [], namespaces = ['shop']): Evidence {
  const list = (kind: string, namespace?: string): EvidencePiece => ({
    type: 'list',
    command: `kubectl get ${kind}`,
    at: NOW,
    kind,
    ...(namespace && { namespace }),
    objects: objects.filter((object) => object.kind === kind && object.metadata?.namespace === namespace),
    truncated: false,
  });
  return {
    collectedAt: NOW,
    pieces: [
      ...namespaces.flatMap((namespace) => KINDS.map((kind) => list(kind, namespace))),
      ...OF_CLUSTER.map((kind) => list(kind)),
      ...others,
    ],
  };
}

/** A Deployment with its ReplicaSet and one pod; ready unless it says otherwise. */
export function deployment(
  name: string,
  {
    labels = { app: name },
    env = [],
    ready = true,
    namespace = 'shop',
  }: {
    labels?: Record<string, string>;
    env?: { name: string; value: string }[];
    ready?: boolean;
    namespace?: string;
  } = {},
): KubernetesObject[] {
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: 'app', env, ports: [{ containerPort: 8080 }] }] },
  };
  const owner = (kind: string, of: string) => [{ apiVersion: 'apps/v1', kind, name: of, uid: of, controller: true }];
  const meta = (own: string, extra: object = {}) => ({
    name: own,
    namespace,
    labels,
    creationTimestamp: '2026-02-01T00:00:00Z',
    ...extra,
  });
  const state = ready ? { running: {} } : { waiting: { reason: 'CrashLoopBackOff' } };
  const status = {
    phase: 'Running',
    startTime: '2026-03-01T08:00:00Z',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [
      {
        name: 'app',
        ready,
        restartCount: ready ? 0 : 4,
        state,
        lastState: ready ? {} : { terminated: { exitCode: 1, finishedAt: '2026-03-01T08:19:00Z' } },
      },
    ],
  };
  return [
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta(name), spec: { replicas: 1, template } },
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: meta(`${name}-1`, { ownerReferences: owner('Deployment', name) }),
      spec: { replicas: 1, template },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: meta(`${name}-1-x`, { ownerReferences: owner('ReplicaSet', `${name}-1`) }),
      spec: { nodeName: 'node-1', ...template.spec },
      status,
    },
  ];
}

export function service(
  name: string,
  selector: Record<string, string> = { app: name },
  namespace = 'shop',
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, creationTimestamp: '2026-02-01T00:00:00Z' },
    spec: { selector, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
}

/** The log of the pod of a {@link deployment}. */
export function logOf(name: string, text: string): EvidencePiece[] {
  return [true, false].map((previous) => ({
    type: 'log',
    command: `kubectl logs -n shop ${name}-1-x`,
    at: NOW,
    namespace: 'shop',
    pod: `${name}-1-x`,
    container: 'app',
    previous,
    text,
  }));
}
