import type {
  V1ContainerStatus,
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1Node,
  V1ObjectMeta,
  V1PersistentVolumeClaim,
  V1Pod,
  V1ReplicaSet,
  V1Service,
  V1StatefulSet,
} from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';

/** Any Kubernetes object, as the API server gave it. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: Wire<V1ObjectMeta>;
  spec?: unknown;
  status?: unknown;
}

export type Pod = Wire<V1Pod>;
export type Node = Wire<V1Node>;
export type ContainerStatus = Wire<V1ContainerStatus>;

/** The kinds whose content is looked at. */
export interface Kinds {
  Pod: V1Pod;
  Node: V1Node;
  Deployment: V1Deployment;
  ReplicaSet: V1ReplicaSet;
  StatefulSet: V1StatefulSet;
  DaemonSet: V1DaemonSet;
  Job: V1Job;
  Service: V1Service;
  PersistentVolumeClaim: V1PersistentVolumeClaim;
}

/** Whether an object is of a kind. */
export function isKind<Kind extends keyof Kinds>(object: KubernetesObject, kind: Kind): object is Wire<Kinds[Kind]> {
  return object.kind === kind;
}

const WORKLOADS = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job'] as const;

/** Whether an object runs pods. */
export function isWorkload(object: KubernetesObject): object is Wire<Kinds[(typeof WORKLOADS)[number]]> {
  return WORKLOADS.some((kind) => kind === object.kind);
}
