import type { Kubernetes } from '@nightcrier/cluster/kubernetes/client';
import { KubernetesError } from '@nightcrier/cluster/kubernetes/kubernetes-error';

/** Where the API server keeps the objects of a kind. */
export interface ResourceType {
  kind: string;
  apiVersion: string;
  /** `pods` */
  plural: string;
  namespaced: boolean;
}

/** The kinds that most faults are about; all others are looked up in the cluster. */
const KNOWN_TYPES = [
  { kind: 'Pod', apiVersion: 'v1', plural: 'pods', namespaced: true },
  { kind: 'Node', apiVersion: 'v1', plural: 'nodes', namespaced: false },
  { kind: 'Namespace', apiVersion: 'v1', plural: 'namespaces', namespaced: false },
  { kind: 'Service', apiVersion: 'v1', plural: 'services', namespaced: true },
  { kind: 'Event', apiVersion: 'v1', plural: 'events', namespaced: true },
  { kind: 'ServiceAccount', apiVersion: 'v1', plural: 'serviceaccounts', namespaced: true },
  { kind: 'ResourceQuota', apiVersion: 'v1', plural: 'resourcequotas', namespaced: true },
  { kind: 'LimitRange', apiVersion: 'v1', plural: 'limitranges', namespaced: true },
  { kind: 'PersistentVolume', apiVersion: 'v1', plural: 'persistentvolumes', namespaced: false },
  { kind: 'PersistentVolumeClaim', apiVersion: 'v1', plural: 'persistentvolumeclaims', namespaced: true },
  { kind: 'Deployment', apiVersion: 'apps/v1', plural: 'deployments', namespaced: true },
  { kind: 'ReplicaSet', apiVersion: 'apps/v1', plural: 'replicasets', namespaced: true },
  { kind: 'ControllerRevision', apiVersion: 'apps/v1', plural: 'controllerrevisions', namespaced: true },
  { kind: 'StatefulSet', apiVersion: 'apps/v1', plural: 'statefulsets', namespaced: true },
  { kind: 'DaemonSet', apiVersion: 'apps/v1', plural: 'daemonsets', namespaced: true },
  { kind: 'Job', apiVersion: 'batch/v1', plural: 'jobs', namespaced: true },
  { kind: 'CronJob', apiVersion: 'batch/v1', plural: 'cronjobs', namespaced: true },
  {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    plural: 'horizontalpodautoscalers',
    namespaced: true,
  },
  { kind: 'Ingress', apiVersion: 'networking.k8s.io/v1', plural: 'ingresses', namespaced: true },
  { kind: 'IngressClass', apiVersion: 'networking.k8s.io/v1', plural: 'ingressclasses', namespaced: false },
  { kind: 'PodMetrics', apiVersion: 'metrics.k8s.io/v1beta1', plural: 'pods', namespaced: true },
  { kind: 'NodeMetrics', apiVersion: 'metrics.k8s.io/v1beta1', plural: 'nodes', namespaced: false },
  { kind: 'NetworkPolicy', apiVersion: 'networking.k8s.io/v1', plural: 'networkpolicies', namespaced: true },
  { kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', plural: 'endpointslices', namespaced: true },
  { kind: 'StorageClass', apiVersion: 'storage.k8s.io/v1', plural: 'storageclasses', namespaced: false },
  { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', plural: 'leases', namespaced: true },
] as const satisfies readonly ResourceType[];

export type KnownKind = (typeof KNOWN_TYPES)[number]['kind'];

/** A built-in type that the code itself asks for. */
export function builtInType(kind: KnownKind): ResourceType {
  const type = KNOWN_TYPES.find((known) => known.kind === kind);
  if (type === undefined) throw new Error(`${kind} is not a built-in kind`);
  return type;
}

/** Kinds whose content is not evidence, whoever asks for it. */
const NEVER_READ = new Set(['secrets', 'configmaps']);

/**
 * The type of a kind. A server that does not tell the apiVersion leaves `v1`, so a known kind is taken for itself
 * under `v1` too; anything else is looked up in the API server's discovery.
 * @throws KubernetesError `not_found` when the cluster has no such kind, `forbidden` for Secrets and ConfigMaps.
 */
export async function findResourceType(
  kubernetes: Kubernetes,
  reference: { kind: string; apiVersion: string },
  signal: AbortSignal | undefined,
): Promise<ResourceType> {
  const { kind, apiVersion } = reference;
  const known = KNOWN_TYPES.find((type) => type.kind === kind);
  if (known && (apiVersion === 'v1' || apiVersion.split('/')[0] === known.apiVersion.split('/')[0])) return known;

  const { resources = [] } = await kubernetes.get<ResourceList>(apiRoot(apiVersion), { signal });
  const found = resources.find((resource) => resource.kind === kind && !resource.name?.includes('/'));
  if (!found?.name) throw new KubernetesError('not_found', `the cluster has no kind ${kind} in ${apiVersion}`);
  if (NEVER_READ.has(found.name)) throw new KubernetesError('forbidden', `${found.name} are never read as evidence`);
  return { kind, apiVersion, plural: found.name, namespaced: found.namespaced === true };
}

/** The path of an object, or of all objects of a type (in a namespace) without `name`. */
export function pathOf(type: ResourceType, namespace: string | undefined, name?: string): string[] {
  const scope = type.namespaced && namespace !== undefined ? ['namespaces', namespace] : [];
  return [...apiRoot(type.apiVersion), ...scope, type.plural, ...(name === undefined ? [] : [name])];
}

/** What kubectl calls a kind: `pod`, or `widget.example.com` for one that is not built in. */
export function kubectlName({ kind, apiVersion }: { kind: string; apiVersion: string }): string {
  const [group = '', version] = apiVersion.split('/');
  const builtIn = version === undefined || KNOWN_TYPES.some((type) => type.apiVersion === apiVersion);
  return builtIn ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;
}

interface ResourceList {
  resources?: { name?: string; kind?: string; namespaced?: boolean }[];
}

function apiRoot(apiVersion: string): string[] {
  return apiVersion.includes('/') ? ['apis', ...apiVersion.split('/')] : ['api', apiVersion];
}
