import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import { isKind, isWorkload, type KubernetesObject, type Pod } from '../kubernetes-object.ts';
import { podTrouble } from '../pod-trouble.ts';
import type { ClusterView } from './cluster-view.ts';

/** What runs pods: a controller, or a pod without one. */
export interface Workload {
  kind: string;
  name: string;
  namespace: string;
  /** The controller; for a pod without one, the pod. Undefined when only its name is known. */
  object: KubernetesObject | undefined;
  /** The pods of its newest revision, the worst first. */
  pods: Pod[];
  /** The objects that create its pods: the newest ReplicaSet first, then the controller itself. */
  creators: { kind: string; name: string; object: KubernetesObject | undefined }[];
}

/** The workload that a pod, ReplicaSet, Job or controller belongs to. */
export function workloadOf(view: ClusterView, object: KubernetesObject): Workload {
  const namespace = object.metadata?.namespace ?? 'default';
  let { kind = '', metadata } = object;
  let name = metadata?.name ?? '';
  let found: KubernetesObject | undefined = object;
  for (let steps = 0; steps < 4; steps += 1) {
    const owner = found?.metadata?.ownerReferences?.find(({ controller }) => controller);
    if (owner?.kind === undefined || owner.name === undefined || owner.kind === 'Node') break;
    kind = owner.kind;
    name = owner.name;
    found = view.find(kind, name, namespace);
  }
  const set = kind === 'ReplicaSet' && found === undefined ? deploymentName(view, object, name, namespace) : undefined;
  const workload = workloadNamed(view, set ? 'Deployment' : kind, set ?? name, namespace, found);
  // A pod of an older revision belongs to what is asked about it all the same.
  if (!isKind(object, 'Pod') || workload.pods.some((pod) => pod.metadata?.name === object.metadata?.name))
    return workload;
  return { ...workload, pods: [object, ...workload.pods] };
}

/** The workload of a kind and name, with its pods. */
export function workloadNamed(
  view: ClusterView,
  kind: string,
  name: string,
  namespace: string,
  known?: KubernetesObject,
): Workload {
  const object = view.find(kind, name, namespace) ?? known;
  if (kind === 'Pod') {
    const pod = view.get('Pod', name, namespace);
    return { kind, name, namespace, object, pods: pod ? [pod] : [], creators: [] };
  }
  const sets = kind === 'Deployment' ? replicaSetsOf(view, name, namespace) : [];
  const [newest] = sets;
  const parent =
    newest?.metadata?.name === undefined ? { kind, name } : { kind: 'ReplicaSet', name: newest.metadata.name };
  const jobs = kind === 'CronJob' ? ownedBy(view.all('Job', namespace), kind, name) : [];
  const owners = jobs.length > 0 ? jobs.map((job) => ({ kind: 'Job', name: job.metadata?.name ?? '' })) : [parent];
  const pods = owners
    .flatMap((owner) => ownedBy(view.all('Pod', namespace), owner.kind, owner.name))
    .sort((a, b) => podTrouble(b) - podTrouble(a));
  const creators = [
    ...(newest ? [{ kind: 'ReplicaSet', name: newest.metadata?.name ?? '', object: newest }] : []),
    ...jobs.map((job) => ({ kind: 'Job', name: job.metadata?.name ?? '', object: job })),
    { kind, name, object },
  ];
  return { kind, name, namespace, object, pods: withoutPast(pods), creators };
}

/** All workloads of a namespace whose pods a Service could select. */
export function workloadsIn(view: ClusterView, namespace: string): Workload[] {
  return [
    ...view.all('Deployment', namespace),
    ...view.all('StatefulSet', namespace),
    ...view.all('DaemonSet', namespace),
  ].map((object) => workloadNamed(view, object.kind ?? '', object.metadata?.name ?? '', namespace, object));
}

/** The ReplicaSets of a Deployment, the newest revision first. */
export function replicaSetsOf(view: ClusterView, deployment: string, namespace: string) {
  return ownedBy(view.all('ReplicaSet', namespace), 'Deployment', deployment).sort(
    (a, b) => revisionOf(b) - revisionOf(a) || createdAt(b) - createdAt(a),
  );
}

/** The template of the pods of a workload. */
export function templateOf({ object, pods }: Workload): Wire<V1PodTemplateSpec> | undefined {
  if (object && isWorkload(object) && object.spec?.template) return object.spec.template;
  const [pod] = pods;
  return pod && { metadata: pod.metadata ?? {}, spec: pod.spec ?? {} };
}

/** Replicas that the workload asks for; a DaemonSet or Job asks for some. */
export function desiredReplicas({ object }: Workload): number | undefined {
  if (object?.kind !== 'Deployment' && object?.kind !== 'StatefulSet' && object?.kind !== 'ReplicaSet')
    return undefined;
  const { replicas } = (object.spec ?? {}) as { replicas?: number };
  return replicas ?? 1;
}

/** Failed pods that were replaced long ago (evicted ones are kept for a while) do not speak for the workload. */
function withoutPast(pods: Pod[]): Pod[] {
  const alive = pods.filter(({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded');
  return alive.length > 0 ? [...alive, ...pods.filter((pod) => !alive.includes(pod))] : pods;
}

function ownedBy<T extends KubernetesObject>(objects: T[], kind: string, name: string): T[] {
  return objects.filter(({ metadata }) =>
    (metadata?.ownerReferences ?? []).some((owner) => owner.kind === kind && owner.name === name),
  );
}

function revisionOf({ metadata }: KubernetesObject): number {
  return Number(metadata?.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
}

function createdAt({ metadata }: KubernetesObject): number {
  return Date.parse(metadata?.creationTimestamp ?? '') || 0;
}

/** A ReplicaSet is called after its Deployment and the hash of its template. */
function deploymentName(
  view: ClusterView,
  pod: KubernetesObject,
  replicaSet: string,
  namespace: string,
): string | undefined {
  const hash = pod.metadata?.labels?.['pod-template-hash'];
  if (hash === undefined || !replicaSet.endsWith(`-${hash}`)) return undefined;
  const name = replicaSet.slice(0, -hash.length - 1);
  return view.get('Deployment', name, namespace) ? name : undefined;
}
