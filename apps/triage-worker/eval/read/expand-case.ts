import { mergePatch } from '@nightcrier/simulator/merge-patch';
import type { CaseContainer, CaseFile } from './case-file.ts';

type Json = Record<string, unknown>;

/** The objects of a written case, by key, with the placeholders of the simulator's scenarios in them. */
export function expandObjects(one: CaseFile): Record<string, unknown> {
  const labels = { app: '${name}', ...one.labels };
  const template = {
    metadata: { labels },
    spec: {
      ...one.podSpec,
      ...(one.init && { initContainers: one.init.map(specOf) }),
      containers: (one.containers ?? []).map(specOf),
      ...(one.volumes && { volumes: one.volumes }),
    },
  };
  return {
    namespace: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: '${namespace}', creationTimestamp: '${ago:60d}' },
    },
    ...controllers(one, labels, template),
    ...(one.containers && one.pod !== null && { pod: podOf(one, labels, template) }),
    ...one.objects,
  };
}

function controllers(one: CaseFile, labels: Json, template: { metadata: Json; spec: Json }): Record<string, unknown> {
  const meta = (name: string, created: string, extra: Json = {}) => ({
    name,
    namespace: '${namespace}',
    creationTimestamp: `\${ago:${created}}`,
    labels,
    ...extra,
  });
  const { age, owner, replicas } = one;
  switch (owner) {
    case 'Deployment': {
      const since = { lastTransitionTime: `\${ago:${age}}`, lastUpdateTime: `\${ago:${age}}` };
      const progressing = one.stuck
        ? {
            type: 'Progressing',
            status: 'False',
            reason: 'ProgressDeadlineExceeded',
            message: 'ReplicaSet "${name}-${hash:rs}" has timed out progressing.',
            lastTransitionTime: '${ago:20s}',
            lastUpdateTime: '${ago:20s}',
          }
        : {
            type: 'Progressing',
            status: 'True',
            reason: 'ReplicaSetUpdated',
            message: 'ReplicaSet "${name}-${hash:rs}" is progressing.',
            ...since,
          };
      const deployment = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: meta('${name}', '60d', { generation: 7, annotations: { 'deployment.kubernetes.io/revision': '7' } }),
        spec: { replicas, selector: { matchLabels: labels }, progressDeadlineSeconds: 600, template },
        status: {
          observedGeneration: 7,
          replicas,
          updatedReplicas: replicas,
          unavailableReplicas: 1,
          conditions: [
            {
              type: 'Available',
              status: 'False',
              reason: 'MinimumReplicasUnavailable',
              message: 'Deployment does not have minimum availability.',
              ...since,
            },
            progressing,
          ],
        },
      };
      const set = (key: string, revision: number, created: string, pods: unknown, count: number) => {
        const own = { ...labels, 'pod-template-hash': `\${hash:${key}}` };
        return {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          metadata: meta(`\${name}-\${hash:${key}}`, created, {
            labels: own,
            annotations: { 'deployment.kubernetes.io/revision': String(revision) },
            ownerReferences: ownedBy('apps/v1', 'Deployment', '${name}', 'deployment'),
          }),
          spec: {
            replicas: count,
            selector: { matchLabels: own },
            template: mergePatch(pods, { metadata: { labels: own } }),
          },
          status: { observedGeneration: 1, replicas: count, fullyLabeledReplicas: count },
        };
      };
      return {
        deployment: mergePatch(deployment, one.deployment ?? {}),
        replicaSet: mergePatch(set('rs', 7, age, template, replicas), one.replicaSet ?? {}),
        ...(one.previous && {
          oldReplicaSet: set('old', 6, '21d', mergePatch(template, one.previous), one.previousReplicas),
        }),
      };
    }
    case 'StatefulSet':
    case 'DaemonSet': {
      const isStateful = owner === 'StatefulSet';
      const workload = {
        apiVersion: 'apps/v1',
        kind: owner,
        metadata: meta('${name}', '60d'),
        spec: { ...(isStateful && { replicas, serviceName: '${name}' }), selector: { matchLabels: labels }, template },
        status: isStateful
          ? { replicas, readyReplicas: 0 }
          : { desiredNumberScheduled: 3, currentNumberScheduled: 0, numberReady: 0, numberMisscheduled: 0 },
      };
      return { workload: mergePatch(workload, one.workload ?? {}) };
    }
    case 'Job': {
      const own = { ...labels, 'job-name': '${name}' };
      const job = {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: meta('${name}', age, { labels: own }),
        spec: {
          parallelism: 1,
          completions: 1,
          backoffLimit: 1,
          selector: { matchLabels: { 'job-name': '${name}' } },
          template: { metadata: { labels: own }, spec: { restartPolicy: 'Never', ...template.spec } },
        },
        status: { startTime: `\${ago:${age}}`, failed: 1 },
      };
      return { job: mergePatch(job, one.job ?? {}) };
    }
    case 'none':
      return {};
    default:
      return owner satisfies never;
  }
}

function podOf(one: CaseFile, labels: Json, template: { spec: Json }): Json {
  const { age, owner } = one;
  const isPlaced = one.node !== null && one.unschedulable === undefined;
  const names = {
    Deployment: '${name}-${hash:rs}-${id:pod}',
    StatefulSet: '${name}-0',
    DaemonSet: '${name}-${id:pod}',
    Job: '${name}-${id:pod}',
    none: '${name}',
  };
  const owners = {
    Deployment: ownedBy('apps/v1', 'ReplicaSet', '${name}-${hash:rs}', 'replicaSet'),
    StatefulSet: ownedBy('apps/v1', owner, '${name}', 'workload'),
    DaemonSet: ownedBy('apps/v1', owner, '${name}', 'workload'),
    Job: ownedBy('batch/v1', 'Job', '${name}', 'job'),
    none: undefined,
  };
  const own = {
    Deployment: { ...labels, 'pod-template-hash': '${hash:rs}' },
    Job: { ...labels, 'job-name': '${name}' },
    StatefulSet: labels,
    DaemonSet: labels,
    none: labels,
  };
  const since = { lastProbeTime: null, lastTransitionTime: `\${ago:${age}}` };
  const unready = {
    status: 'False',
    reason: 'ContainersNotReady',
    message: 'containers with unready status',
    ...since,
  };
  const conditions =
    one.unschedulable === undefined
      ? [
          { type: 'Initialized', status: one.init && !one.initDone ? 'False' : 'True', ...since },
          { type: 'Ready', ...unready },
          { type: 'ContainersReady', ...unready },
          { type: 'PodScheduled', status: 'True', ...since },
        ]
      : [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: one.unschedulable, ...since }];
  const statuses = (list: CaseContainer[] | undefined) =>
    (list ?? []).filter(({ status }) => status !== null).map(statusOf);
  const hasStatuses = isPlaced && !one.noStatuses;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: names[owner],
      namespace: '${namespace}',
      creationTimestamp: `\${ago:${age}}`,
      labels: own[owner],
      ...(owners[owner] && { ownerReferences: owners[owner] }),
    },
    spec: {
      ...template.spec,
      ...(owner === 'Job' && { restartPolicy: 'Never' }),
      ...(isPlaced && { nodeName: one.node ?? 'node-2' }),
    },
    status: {
      phase: one.phase ?? (isPlaced ? 'Running' : 'Pending'),
      ...(isPlaced && { podIP: '${ip:pod}', startTime: `\${ago:${age}}` }),
      conditions,
      ...(hasStatuses && one.init && { initContainerStatuses: statuses(one.init) }),
      ...(hasStatuses && { containerStatuses: statuses(one.containers) }),
      ...one.podStatus,
    },
  };
}

function statusOf({ name, image = 'busybox', status }: CaseContainer): Json {
  const { waiting, terminated, running, last, restarts = 0, ready = false } = status ?? {};
  const ended = (end: { exitCode: number }, from: string, to: string) => ({
    reason: end.exitCode === 0 ? 'Completed' : 'Error',
    startedAt: `\${ago:${from}}`,
    finishedAt: `\${ago:${to}}`,
    ...end,
  });
  const state = waiting
    ? { waiting }
    : terminated
      ? { terminated: ended(terminated, '3m', '2m') }
      : { running: { startedAt: `\${ago:${running?.since ?? '30s'}}` } };
  return {
    name,
    image,
    imageID: '',
    ready,
    started: running !== undefined,
    restartCount: restarts,
    state,
    lastState: last ? { terminated: ended(last, '2m', '1m') } : {},
  };
}

function specOf({ status: _status, logs: _logs, ...spec }: CaseContainer): Json {
  return spec;
}

function ownedBy(apiVersion: string, kind: string, name: string, key: string): Json[] {
  return [{ apiVersion, kind, name, uid: `\${uid:${key}}`, controller: true, blockOwnerDeletion: true }];
}
