import { ageOf } from './age.ts';
import { listAt, textAt, valueAt, type KubernetesObject } from '../objects/kubernetes-object.ts';

/** One column of `kubectl get`. Wide columns have priority 1 and show with `-o wide`. */
export interface Column {
  name: string;
  priority: 0 | 1;
  cell(object: KubernetesObject, now: Date): string | number;
}

function column(name: string, cell: Column['cell'], priority: 0 | 1 = 0): Column {
  return { name, priority, cell };
}

const wide = (name: string, cell: Column['cell']): Column => column(name, cell, 1);
const path = (name: string, at: string, missing: string): Column =>
  column(name, (object) => textAt(object, at) || missing);
const count = (name: string, at: string): Column => column(name, (object) => Number(textAt(object, at) || 0));
const NAME = path('Name', 'metadata.name', '');
const AGE = column('Age', (object, now) => ageOf(object.metadata.creationTimestamp ?? '', now));
const size = (name: string, at: string): Column =>
  column(name, (object) => Object.keys(Object(valueAt(object, at))).length);

const containers = (at: string): Column[] => [
  wide('Containers', (object) => joined(object, at, 'name')),
  wide('Images', (object) => joined(object, at, 'image')),
];

/** Columns of `kubectl get` by kind. Other kinds have name and age. */
const COLUMNS: Record<string, Column[]> = {
  Pod: [
    NAME,
    column('Ready', readyContainers),
    column('Status', podStatus),
    column('Restarts', restarts),
    AGE,
    wide('IP', (pod) => textAt(pod, 'status.podIP') || '<none>'),
    wide('Node', (pod) => textAt(pod, 'spec.nodeName') || '<none>'),
    wide('Nominated Node', () => '<none>'),
    wide('Readiness Gates', () => '<none>'),
  ],
  Node: [
    NAME,
    column('Status', nodeStatus),
    column('Roles', () => '<none>'),
    AGE,
    path('Version', 'status.nodeInfo.kubeletVersion', ''),
    wide('Internal-IP', (node) => textAt(node, 'status.addresses.0.address') || '<none>'),
    wide('External-IP', () => '<none>'),
    wide('OS-Image', (node) => textAt(node, 'status.nodeInfo.osImage')),
    wide('Kernel-Version', (node) => textAt(node, 'status.nodeInfo.kernelVersion')),
    wide('Container-Runtime', (node) => textAt(node, 'status.nodeInfo.containerRuntimeVersion')),
  ],
  Namespace: [NAME, path('Status', 'status.phase', 'Active'), AGE],
  Event: [
    column('Last Seen', (event, now) => ageOf(textAt(event, 'lastTimestamp') || textAt(event, 'eventTime'), now)),
    path('Type', 'type', ''),
    path('Reason', 'reason', ''),
    column(
      'Object',
      (event) => `${textAt(event, 'involvedObject.kind').toLowerCase()}/${textAt(event, 'involvedObject.name')}`,
    ),
    wide('Subobject', (event) => textAt(event, 'involvedObject.fieldPath')),
    wide('Source', (event) =>
      [textAt(event, 'source.component'), textAt(event, 'source.host')].filter(Boolean).join(', '),
    ),
    column('Message', (event) => textAt(event, 'message').trim()),
    wide('First Seen', (event, now) => ageOf(textAt(event, 'firstTimestamp') || textAt(event, 'eventTime'), now)),
    wide('Count', (event) => Number(textAt(event, 'count') || 1)),
    wide('Name', (event) => event.metadata.name),
  ],
  Deployment: [
    NAME,
    column('Ready', (it) => `${textAt(it, 'status.readyReplicas') || 0}/${textAt(it, 'spec.replicas') || 0}`),
    count('Up-to-date', 'status.updatedReplicas'),
    count('Available', 'status.availableReplicas'),
    AGE,
    ...containers('spec.template.spec.containers'),
  ],
  ReplicaSet: [
    NAME,
    count('Desired', 'spec.replicas'),
    count('Current', 'status.replicas'),
    count('Ready', 'status.readyReplicas'),
    AGE,
    ...containers('spec.template.spec.containers'),
  ],
  Service: [
    NAME,
    path('Type', 'spec.type', 'ClusterIP'),
    path('Cluster-IP', 'spec.clusterIP', '<none>'),
    column('External-IP', () => '<none>'),
    column('Port(s)', (it) =>
      listAt(it, 'spec.ports')
        .map((port) => `${textAt(port, 'port')}/${textAt(port, 'protocol') || 'TCP'}`)
        .join(','),
    ),
    AGE,
  ],
  Job: [
    NAME,
    column('Status', jobStatus),
    column('Completions', (it) => `${textAt(it, 'status.succeeded') || 0}/${textAt(it, 'spec.completions') || 1}`),
    column('Duration', (it, now) => ageOf(textAt(it, 'status.startTime'), now)),
    AGE,
    ...containers('spec.template.spec.containers'),
  ],
  ConfigMap: [NAME, size('Data', 'data'), AGE],
  Secret: [NAME, path('Type', 'type', 'Opaque'), size('Data', 'data'), AGE],
};

export function columnsOf(kind: string): Column[] {
  return COLUMNS[kind] ?? [NAME, AGE];
}

function joined(object: KubernetesObject, at: string, field: string): string {
  return listAt(object, at)
    .map((entry) => textAt(entry, field))
    .join(',');
}

function readyContainers(pod: KubernetesObject): string {
  const ready = listAt(pod, 'status.containerStatuses').filter((status) => valueAt(status, 'ready') === true);
  return `${ready.length}/${listAt(pod, 'spec.containers').length}`;
}

/** Returns the status that kubectl shows: the reason of a waiting or terminated container, else of the pod, else its phase. */
function podStatus(pod: KubernetesObject): string {
  const own = textAt(pod, 'status.reason') || textAt(pod, 'status.phase') || 'Unknown';
  const reasons = listAt(pod, 'status.containerStatuses').map(
    (status) => textAt(status, 'state.waiting.reason') || textAt(status, 'state.terminated.reason'),
  );
  return reasons.find((reason) => reason !== '') ?? own;
}

function restarts(pod: KubernetesObject, now: Date): string {
  const statuses = listAt(pod, 'status.containerStatuses');
  const total = statuses.reduce<number>((sum, status) => sum + Number(textAt(status, 'restartCount') || 0), 0);
  const [last] = statuses
    .map((status) => textAt(status, 'lastState.terminated.finishedAt'))
    .filter((time) => time !== '')
    .sort()
    .reverse();
  return total > 0 && last !== undefined ? `${total} (${ageOf(last, now)} ago)` : String(total);
}

function nodeStatus(node: KubernetesObject): string {
  const ready = listAt(node, 'status.conditions').find((condition) => textAt(condition, 'type') === 'Ready');
  const status = textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return valueAt(node, 'spec.unschedulable') === true ? `${status},SchedulingDisabled` : status;
}

function jobStatus(job: KubernetesObject): string {
  const ended = listAt(job, 'status.conditions').find(
    (condition) => ['Complete', 'Failed'].includes(textAt(condition, 'type')) && textAt(condition, 'status') === 'True',
  );
  return textAt(ended, 'type') || 'Running';
}
