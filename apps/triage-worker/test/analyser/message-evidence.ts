import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { z } from 'zod';
import type { Evidence, EvidencePiece } from '../../src/evidence/evidence.ts';
import type { KubernetesObject } from '../../src/evidence/kubernetes-object.ts';
import { commandFor } from '../../src/evidence/view/cluster-view.ts';

/** A message of a program or of Kubernetes, where it stands, and the cause that a diagnosis of it has to name. */
export const KnownMessage = z.strictObject({
  where: z
    .enum(['log', 'start', 'image', 'schedule', 'refused', 'sandbox', 'mount', 'claim', 'node', 'status', 'object'])
    .default('log'),
  cause: z.string(),
  /** Other causes that are right too. */
  cause_any: z.array(z.string()).default([]),
  /** Words that the title must have, in any case of letters. */
  says: z.coerce.string().optional(),
  message: z.string().default(''),
  reason: z.string().optional(),
  log: z.string().optional(),
  exit: z.number().default(1),
  image: z.string().default('registry.example/shop/app:1.4.2'),
  pullSecret: z.string().optional(),
  kind: z.string().default('Pod'),
  type: z.enum(['W', 'N']).default('W'),
  class: z.string().default('standard'),
});
export type KnownMessage = z.infer<typeof KnownMessage>;

const NOW = '2026-03-01T08:20:00Z';
const BEFORE = '2026-03-01T08:18:30Z';
const AT = { command: 'kubectl get', at: NOW };
const LABELS = { app: 'app' };
const NAME = 'app-6d4cf56db6-x2vbq';
const SET = 'app-6d4cf56db6';

type Json = Record<string, unknown>;

/** The evidence of a cluster with one workload that shows the message, and nothing else that is wrong. */
export function messageEvidence(known: KnownMessage): { evidence: Evidence; fault: FaultEvent } {
  const { where, kind } = known;
  const subject = { log: 'Pod', claim: 'PersistentVolumeClaim', node: 'Node', refused: 'Deployment' };
  const about = where === 'object' ? kind : (Object.entries(subject).find(([key]) => key === where)?.[1] ?? 'Pod');
  const names: Record<string, string> = { Pod: NAME, PersistentVolumeClaim: 'data', Node: 'node-1', Deployment: 'app' };
  const name = names[about] ?? 'app';
  const namespace = about === 'Node' ? undefined : 'shop';
  const objects = objectsFor(known);
  const resource = { apiVersion: 'v1', kind: about, name, ...(namespace && { namespace }) };
  const own = objects.find((object) => object.kind === about) ?? objects[0];
  const events = eventsFor(known, about, name);
  const pieces: EvidencePiece[] = [
    ...(own
      ? [{ ...AT, command: commandFor(own), type: 'object' as const, role: 'resource' as const, object: own }]
      : []),
    ...[
      'Pod',
      'Service',
      'Deployment',
      'ReplicaSet',
      'PersistentVolumeClaim',
      'ResourceQuota',
      'ServiceAccount',
      'CronJob',
      'Job',
      'Ingress',
      'HorizontalPodAutoscaler',
    ].map((listed) => ({
      ...AT,
      type: 'list' as const,
      kind: listed,
      namespace: 'shop',
      objects: objects.filter((object) => object.kind === listed),
      truncated: false,
    })),
    ...['Node', 'StorageClass', 'PersistentVolume'].map((listed) => ({
      ...AT,
      type: 'list' as const,
      kind: listed,
      objects: objects.filter((object) => object.kind === listed),
      truncated: false,
    })),
    { ...AT, type: 'list', kind: 'Event', namespace: 'shop', objects: events, truncated: false },
    ...(known.log === undefined
      ? []
      : [true, false].map((previous) => ({
          ...AT,
          command: `kubectl logs -n shop ${NAME} -c app${previous ? ' --previous' : ''}`,
          type: 'log' as const,
          namespace: 'shop',
          pod: NAME,
          container: 'app',
          previous,
          text: known.log ?? '',
        }))),
  ];
  const fault: FaultEvent = {
    faultId: 'f',
    faultType: known.reason ?? 'CrashLoop',
    severity: 'warning',
    resource,
    timestamp: BEFORE,
  };
  return { evidence: { collectedAt: NOW, pieces }, fault };
}

function objectsFor(known: KnownMessage): KubernetesObject[] {
  const { where, message, reason, image, pullSecret } = known;
  const meta = (name: string, extra: Json = {}) => ({
    name,
    namespace: 'shop',
    creationTimestamp: '2026-03-01T08:00:00Z',
    labels: LABELS,
    ...extra,
  });
  const owned = (kind: string, name: string) => ({
    ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: name, controller: true }],
  });
  const needsClaim = where === 'claim' || /claim|pvc|volume/i.test(message);
  const spec = {
    containers: [{ name: 'app', image, ports: [{ containerPort: 8080 }] }],
    ...(needsClaim && { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] }),
    ...(pullSecret && { imagePullSecrets: [{ name: pullSecret }] }),
  };
  const template = { metadata: { labels: LABELS }, spec };
  const isBound = where !== 'claim';
  const nodes = ['node-1', 'node-2', 'node-3'].map((name, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: {},
    status: {
      allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
      conditions: [
        where === 'node' && index === 0
          ? { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message, lastTransitionTime: BEFORE }
          : { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
      ],
    },
  }));
  const refusal =
    where === 'refused'
      ? [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message, lastTransitionTime: BEFORE }]
      : [];
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: meta('data'),
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '10Gi' } },
      ...(known.class !== '' && { storageClassName: known.class }),
      ...(/requested volume|already bound/.test(message) && { volumeName: 'pv1' }),
    },
    status: { phase: isBound ? 'Bound' : 'Pending' },
  };
  const hasClaim = needsClaim && !/not found|is being deleted/.test(message);
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: meta('app'),
      spec: { replicas: 1, selector: { matchLabels: LABELS }, template },
      status: { conditions: refusal },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: meta(SET, owned('Deployment', 'app')),
      spec: { replicas: 1, template },
      status: { conditions: refusal },
    },
    ...(where === 'refused'
      ? []
      : [
          {
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: meta(NAME, owned('ReplicaSet', SET)),
            spec: podSpec(known, spec),
            status: podStatus(known),
          },
        ]),
    ...nodes,
    ...(hasClaim || where === 'claim' ? [claim] : []),
    ...(where === 'claim' && /already bound|requested volume/.test(message) ? [] : []),
    ...(known.class === ''
      ? []
      : [{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'standard' } }]),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta('default') },
    ...(where === 'object'
      ? [
          {
            apiVersion: 'v1',
            kind: known.kind,
            metadata: meta('app'),
            spec: objectSpec(known.kind, template),
            status: objectStatus(known, reason),
          },
        ]
      : []),
  ].filter(
    (object) =>
      !(
        where === 'object' &&
        ['Pod', 'Deployment', 'ReplicaSet'].includes(object.kind) &&
        known.kind !== 'Deployment' &&
        known.kind !== 'Service'
      ),
  );
}

function objectSpec(kind: string, template: Json): Json {
  if (kind === 'HorizontalPodAutoscaler')
    return {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart-v2' },
      minReplicas: 1,
      maxReplicas: 5,
    };
  if (kind === 'Service') return { type: 'LoadBalancer', selector: LABELS, ports: [{ port: 80, targetPort: 8080 }] };
  if (kind === 'CronJob') return { schedule: '0 25 * * *', jobTemplate: { spec: { template } } };
  return kind === 'Job' ? { backoffLimit: 6, template } : {};
}

function objectStatus({ kind, message }: KnownMessage, reason: string | undefined): Json {
  if (kind === 'HorizontalPodAutoscaler') {
    const type = reason === 'FailedGetScale' ? 'AbleToScale' : 'ScalingActive';
    return { conditions: [{ type, status: 'False', reason, message }] };
  }
  if (kind === 'Job') return { failed: 7, conditions: [{ type: 'Failed', status: 'True', reason, message }] };
  return {};
}

function podSpec({ where }: KnownMessage, spec: Json): Json {
  return where === 'schedule' || where === 'claim' ? spec : { ...spec, nodeName: 'node-1' };
}

function podStatus({ where, message, reason, exit }: KnownMessage): Json {
  const scheduled = { type: 'PodScheduled', status: 'True' };
  const unready = { type: 'Ready', status: 'False', reason: 'ContainersNotReady' };
  const container = (state: Json, more: Json = {}) => ({
    name: 'app',
    ready: false,
    restartCount: 0,
    state,
    lastState: {},
    ...more,
  });
  const pending = (waiting: Json) => ({
    phase: 'Pending',
    conditions: [scheduled, unready],
    containerStatuses: [container({ waiting })],
  });
  switch (where) {
    case 'log': {
      const ended = { exitCode: exit, reason: 'Error', startedAt: BEFORE, finishedAt: BEFORE };
      const status = container(
        { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' } },
        { restartCount: 5, lastState: { terminated: ended } },
      );
      return { phase: 'Running', conditions: [scheduled, unready], containerStatuses: [status] };
    }
    case 'start':
      return pending({ reason: reason ?? 'CreateContainerError', message });
    case 'image':
      return pending({ reason: reason ?? 'ImagePullBackOff', message: 'Back-off pulling image' });
    case 'schedule':
      return {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      };
    case 'claim': {
      const waits = '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.';
      return {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: waits }],
      };
    }
    case 'sandbox':
    case 'mount':
      return pending({ reason: 'ContainerCreating' });
    case 'status':
      return { phase: 'Failed', reason, message, conditions: [scheduled] };
    case 'refused':
    case 'node':
    case 'object':
      return {
        phase: 'Running',
        conditions: [scheduled, { type: 'Ready', status: where === 'node' ? 'False' : 'True' }],
        containerStatuses: [container({ running: { startedAt: '2026-03-01T08:00:00Z' } }, { ready: where !== 'node' })],
      };
    default:
      return where satisfies never;
  }
}

function eventsFor(
  { where, message, reason, type, kind }: KnownMessage,
  about: string,
  name: string,
): KubernetesObject[] {
  const defaults: Partial<Record<KnownMessage['where'], string>> = {
    start: 'Failed',
    image: 'Failed',
    schedule: 'FailedScheduling',
    refused: 'FailedCreate',
    sandbox: 'FailedCreatePodSandBox',
    mount: 'FailedMount',
    claim: 'ProvisioningFailed',
  };
  if (where === 'log' || where === 'node' || where === 'status') return [];
  const own = where === 'start' || where === 'image' ? defaults[where] : (reason ?? defaults[where]);
  const subject =
    where === 'refused' ? { kind: 'ReplicaSet', name: SET } : { kind: where === 'object' ? kind : about, name };
  const event: KubernetesObject & Json = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e1', namespace: 'shop' },
    type: type === 'W' ? 'Warning' : 'Normal',
    reason: own,
    message: where === 'start' ? `Error: ${message}` : message,
    count: 7,
    firstTimestamp: BEFORE,
    lastTimestamp: NOW,
    involvedObject: { ...subject, namespace: 'shop' },
  };
  return [event];
}
