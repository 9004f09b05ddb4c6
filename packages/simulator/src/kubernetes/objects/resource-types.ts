import type { KubernetesObject } from './kubernetes-object.ts';

/** One kind of object of the simulated API server. */
export interface ResourceType {
  /** API group; '' is the core group. */
  group: string;
  version: string;
  /** Plural name, as in URLs and RBAC rules. */
  plural: string;
  kind: string;
  namespaced: boolean;
  shortNames: string[];
  categories: string[];
  /** Subresources that can be read, or that RBAC rules may name. */
  subresources: string[];
  /** Fields beside metadata.name and metadata.namespace that a fieldSelector may name. */
  selectableFields: string[];
  /** Virtual types (reviews) are only created, never stored. */
  virtual: boolean;
}

function resource(
  groupVersion: string,
  plural: string,
  kind: string,
  extras: Partial<Omit<ResourceType, 'group' | 'version' | 'plural' | 'kind'>> = {},
): ResourceType {
  const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
  return {
    group: group ?? '',
    version: version ?? 'v1',
    plural,
    kind,
    namespaced: true,
    shortNames: [],
    categories: [],
    subresources: ['status'],
    selectableFields: [],
    virtual: false,
    ...extras,
  };
}

const all = { categories: ['all'] };
const clusterScoped = { namespaced: false };
const review = { namespaced: false, virtual: true, subresources: [] };

/** All types, in the order of discovery. */
export const RESOURCE_TYPES: readonly ResourceType[] = [
  resource('v1', 'pods', 'Pod', {
    ...all,
    shortNames: ['po'],
    subresources: ['status', 'log'],
    selectableFields: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ],
  }),
  resource('v1', 'services', 'Service', { ...all, shortNames: ['svc'], selectableFields: ['spec.type'] }),
  resource('v1', 'events', 'Event', {
    shortNames: ['ev'],
    subresources: [],
    selectableFields: [
      'involvedObject.kind',
      'involvedObject.namespace',
      'involvedObject.name',
      'involvedObject.uid',
      'involvedObject.apiVersion',
      'involvedObject.resourceVersion',
      'involvedObject.fieldPath',
      'reason',
      'reportingComponent',
      'source',
      'type',
    ],
  }),
  resource('v1', 'nodes', 'Node', { ...clusterScoped, shortNames: ['no'], selectableFields: ['spec.unschedulable'] }),
  resource('v1', 'namespaces', 'Namespace', {
    ...clusterScoped,
    shortNames: ['ns'],
    selectableFields: ['status.phase'],
  }),
  resource('v1', 'configmaps', 'ConfigMap', { shortNames: ['cm'], subresources: [] }),
  resource('v1', 'secrets', 'Secret', { subresources: [], selectableFields: ['type'] }),
  resource('v1', 'serviceaccounts', 'ServiceAccount', { shortNames: ['sa'], subresources: ['token'] }),
  resource('v1', 'endpoints', 'Endpoints', { shortNames: ['ep'], subresources: [] }),
  resource('v1', 'persistentvolumeclaims', 'PersistentVolumeClaim', { shortNames: ['pvc'] }),
  resource('v1', 'persistentvolumes', 'PersistentVolume', { ...clusterScoped, shortNames: ['pv'] }),
  resource('v1', 'replicationcontrollers', 'ReplicationController', { ...all, shortNames: ['rc'] }),
  resource('v1', 'resourcequotas', 'ResourceQuota', { shortNames: ['quota'] }),
  resource('v1', 'limitranges', 'LimitRange', { shortNames: ['limits'], subresources: [] }),
  resource('apps/v1', 'deployments', 'Deployment', {
    ...all,
    shortNames: ['deploy'],
    subresources: ['status', 'scale'],
  }),
  resource('apps/v1', 'replicasets', 'ReplicaSet', { ...all, shortNames: ['rs'], subresources: ['status', 'scale'] }),
  resource('apps/v1', 'statefulsets', 'StatefulSet', { ...all, shortNames: ['sts'] }),
  resource('apps/v1', 'daemonsets', 'DaemonSet', { ...all, shortNames: ['ds'] }),
  resource('batch/v1', 'jobs', 'Job', { ...all, selectableFields: ['status.successful'] }),
  resource('batch/v1', 'cronjobs', 'CronJob', { ...all, shortNames: ['cj'] }),
  resource('autoscaling/v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', { ...all, shortNames: ['hpa'] }),
  resource('networking.k8s.io/v1', 'ingresses', 'Ingress', { shortNames: ['ing'] }),
  resource('networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy', { shortNames: ['netpol'], subresources: [] }),
  resource('policy/v1', 'poddisruptionbudgets', 'PodDisruptionBudget', { shortNames: ['pdb'] }),
  resource('discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice', { subresources: [] }),
  resource('coordination.k8s.io/v1', 'leases', 'Lease', { subresources: [] }),
  resource('storage.k8s.io/v1', 'storageclasses', 'StorageClass', {
    ...clusterScoped,
    shortNames: ['sc'],
    subresources: [],
  }),
  resource('cert-manager.io/v1', 'certificates', 'Certificate', { shortNames: ['cert', 'certs'] }),
  resource('authorization.k8s.io/v1', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', review),
  resource('authorization.k8s.io/v1', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', review),
  resource('authentication.k8s.io/v1', 'selfsubjectreviews', 'SelfSubjectReview', review),
];

/** `v1` or `apps/v1`. */
export function groupVersionOf(type: Pick<ResourceType, 'group' | 'version'>): string {
  return type.group ? `${type.group}/${type.version}` : type.version;
}

/** `pods` or `deployments.apps`, the name that error messages use. */
export function qualifiedName(type: Pick<ResourceType, 'group' | 'plural'>): string {
  return type.group ? `${type.plural}.${type.group}` : type.plural;
}

export function findByPlural(group: string, version: string, plural: string): ResourceType | undefined {
  return RESOURCE_TYPES.find((type) => type.group === group && type.version === version && type.plural === plural);
}

export function findByKind(apiVersion: string, kind: string): ResourceType | undefined {
  return RESOURCE_TYPES.find((type) => groupVersionOf(type) === apiVersion && type.kind === kind);
}

/** Returns the type of an object. Throws for an unknown apiVersion and kind, since such an object could not be read. */
export function typeOf(object: KubernetesObject): ResourceType {
  const type = findByKind(object.apiVersion, object.kind);
  if (!type || type.virtual) {
    throw new Error(`the simulated cluster has no kind "${object.kind}" in apiVersion "${object.apiVersion}"`);
  }
  return type;
}

/** Returns the type with this plural name. Throws if there is none. */
export function resourceType(plural: string): ResourceType {
  const type = RESOURCE_TYPES.find((candidate) => candidate.plural === plural);
  if (!type) throw new Error(`the simulated cluster has no resource "${plural}"`);
  return type;
}
