import type {
  CoreV1Event,
  V1ContainerStatus,
  V1ControllerRevision,
  V1CronJob,
  V1DaemonSet,
  V1Deployment,
  V1EndpointSlice,
  V1Ingress,
  V1IngressClass,
  V1Job,
  V1Lease,
  V1LimitRange,
  V1NetworkPolicy,
  V1Node,
  V1ObjectMeta,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1ReplicaSet,
  V1ResourceQuota,
  V1Service,
  V1ServiceAccount,
  V1StatefulSet,
  V1StorageClass,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { FieldOwner } from './field-owners.ts';

/** Any Kubernetes object, as the API server gave it. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: Wire<V1ObjectMeta>;
  spec?: unknown;
  status?: unknown;
  /** In place of `managedFields`; of kinds that people and tools write. */
  changedBy?: FieldOwner[];
}

export type Pod = Wire<V1Pod>;
export type Node = Wire<V1Node>;
export type ContainerStatus = Wire<V1ContainerStatus>;

/** Usage of a pod, of `metrics.k8s.io`. */
export interface PodUsage {
  kind?: string;
  metadata?: V1ObjectMeta;
  timestamp?: string;
  containers?: { name?: string; usage?: Record<string, string> }[];
}

/** Usage of a node, of `metrics.k8s.io`. */
export interface NodeUsage {
  kind?: string;
  metadata?: V1ObjectMeta;
  timestamp?: string;
  usage?: Record<string, string>;
}

/** The kinds whose content is looked at. */
export interface Kinds {
  Pod: V1Pod;
  Node: V1Node;
  Deployment: V1Deployment;
  ReplicaSet: V1ReplicaSet;
  StatefulSet: V1StatefulSet;
  DaemonSet: V1DaemonSet;
  Job: V1Job;
  CronJob: V1CronJob;
  Service: V1Service;
  EndpointSlice: V1EndpointSlice;
  Ingress: V1Ingress;
  IngressClass: V1IngressClass;
  ControllerRevision: V1ControllerRevision;
  PodMetrics: PodUsage;
  NodeMetrics: NodeUsage;
  NetworkPolicy: V1NetworkPolicy;
  PersistentVolumeClaim: V1PersistentVolumeClaim;
  PersistentVolume: V1PersistentVolume;
  StorageClass: V1StorageClass;
  ResourceQuota: V1ResourceQuota;
  LimitRange: V1LimitRange;
  ServiceAccount: V1ServiceAccount;
  HorizontalPodAutoscaler: V2HorizontalPodAutoscaler;
  Lease: V1Lease;
  Event: CoreV1Event;
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
