import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { describeResource, type ResourceReference } from '@nightcrier/core/faults/fault';
import { type Workload, workloadByName } from '@nightcrier/core/problems/problem-key';
import { ClusterObjects } from '@nightcrier/cluster/detection/objects/cluster-objects';
import { parseObject } from '@nightcrier/cluster/detection/objects/parse-object';
import { KINDS, type WatchedKind, watchedKindOf } from '@nightcrier/cluster/detection/objects/kinds';
import { workloadOfObject } from '@nightcrier/cluster/detection/objects/owners';
import type { Kubernetes } from '@nightcrier/cluster/kubernetes/client';
import { KubernetesClients } from '@nightcrier/cluster/kubernetes/clients';
import { isClusterAway, KubernetesError } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import type { Logger } from '@nightcrier/core/logger';
import pLimit from 'p-limit';

export interface WorkloadResolverOptions {
  logger: Logger;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Longest time for all requests about one resource, ms. */
  timeout?: number;
}

/** Kinds whose workload the object itself tells; that of all others is in the name. */
const LOOKED_UP = new Set(['Pod', 'ReplicaSet', 'Job', 'Service', 'HorizontalPodAutoscaler']);
/** Owners that have owners of their own. */
const OWNED: readonly WatchedKind[] = ['replicasets', 'jobs'];

const TIMEOUT_MS = 5_000;
const KEPT_MS = 10 * 60_000;
const MOST_KEPT = 5_000;
/** After a cluster did not answer, names count for this long, ms: the sender of the alerts waits. */
const PAUSE_MS = 30_000;
const CONCURRENCY = 8;

/**
 * Finds the workload of what an alert names: of a pod by its owners, of a Service by the pods behind it, of an autoscaler by its
 * target. It reads the cluster's API with the kubeconfig for triage. Where the cluster does not answer, or there is no
 * kubeconfig, the name tells the workload. Any ingester comes to the same result, whether it watches the cluster or not.
 */
export class WorkloadResolver {
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #timeout: number;
  readonly #clients = new KubernetesClients();
  readonly #limit = pLimit(CONCURRENCY);
  readonly #kept = new Map<string, { workload: Workload; until: number }>();
  /** By cluster: until when it is not asked. */
  readonly #paused = new Map<string, number>();

  constructor({ logger, now = Date.now, timeout = TIMEOUT_MS }: WorkloadResolverOptions) {
    this.#logger = logger;
    this.#now = now;
    this.#timeout = timeout;
  }

  /** Never rejects. */
  async resolve(cluster: ClusterConfig, resource: ResourceReference): Promise<Workload> {
    const { kubeconfig } = cluster.triage;
    const byName = workloadByName(resource);
    if (kubeconfig === undefined || !LOOKED_UP.has(resource.kind)) return byName;
    const key = `${cluster.name}|${describeResource(resource)}`;
    const kept = this.#kept.get(key);
    if (kept && kept.until > this.#now()) return kept.workload;
    return this.#limit(async () => {
      if ((this.#paused.get(cluster.name) ?? 0) > this.#now()) return byName;
      try {
        const signal = AbortSignal.timeout(this.#timeout);
        const kubernetes = await this.#clients.open(kubeconfig);
        const workload = (await workloadIn(kubernetes, resource, signal)) ?? byName;
        this.#keep(key, workload);
        return workload;
      } catch (error) {
        const isAway = !(error instanceof KubernetesError) || isClusterAway(error) || error.code === 'timeout';
        if (isAway) this.#paused.set(cluster.name, this.#now() + PAUSE_MS);
        this.#logger.debug(
          { cluster: cluster.name, resource: describeResource(resource), error: String(error) },
          'workload of alert not read; its name counts',
        );
        return byName;
      }
    });
  }

  #keep(key: string, workload: Workload): void {
    this.#kept.delete(key);
    this.#kept.set(key, { workload, until: this.#now() + KEPT_MS });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** @returns undefined where the object does not exist, or is a Service without pods */
async function workloadIn(
  kubernetes: Kubernetes,
  resource: ResourceReference,
  signal: AbortSignal,
): Promise<Workload | undefined> {
  const { namespace = '' } = resource;
  if (resource.kind !== 'Service')
    return byOwners(kubernetes, resource, await read(kubernetes, resource, signal), signal);
  const found = await read(kubernetes, resource, signal);
  const selector = found === undefined ? undefined : parseObject('services', found)?.spec?.selector;
  const labels = Object.entries(selector ?? {}).map(([name, value]) => `${name}=${value}`);
  if (labels.length === 0) return undefined;
  const query = { labelSelector: labels.join(','), limit: 1 };
  const { items = [] } = await kubernetes.get<{ items?: object[] }>(['api', 'v1', 'namespaces', namespace, 'pods'], {
    query,
    signal,
  });
  const [pod] = items;
  return pod && byOwners(kubernetes, { ...resource, kind: 'Pod' }, pod, signal);
}

async function byOwners(
  kubernetes: Kubernetes,
  { kind, namespace }: ResourceReference,
  object: object | undefined,
  signal: AbortSignal,
): Promise<Workload | undefined> {
  const watched = watchedKindOf(kind);
  const parsed = watched && object && parseObject(watched, object);
  if (!parsed) return undefined;
  if (kind === 'HorizontalPodAutoscaler') {
    const target = parseObject('horizontalpodautoscalers', object)?.spec?.scaleTargetRef;
    return target ? { ...(namespace !== undefined && { namespace }), name: target.name } : undefined;
  }
  const objects = new ClusterObjects();
  for (const owner of parsed.metadata.ownerReferences ?? []) {
    const ownerKind = OWNED.find((one) => KINDS[one].kind === owner.kind);
    if (!ownerKind) continue;
    const reference = { apiVersion: KINDS[ownerKind].apiVersion, kind: owner.kind, name: owner.name, namespace };
    const found = await read(kubernetes, reference, signal);
    const parent = found && parseObject(ownerKind, found);
    if (parent) objects.put(ownerKind, parent);
  }
  return workloadOfObject(kind, parsed.metadata, objects);
}

async function read(
  kubernetes: Kubernetes,
  { kind, namespace = '', name }: ResourceReference,
  signal: AbortSignal,
): Promise<object | undefined> {
  const watched = watchedKindOf(kind);
  if (!watched) return undefined;
  const { apiVersion, plural } = KINDS[watched];
  const base = apiVersion.includes('/') ? ['apis', ...apiVersion.split('/')] : ['api', apiVersion];
  try {
    return await kubernetes.get<object>([...base, 'namespaces', namespace, plural, name], { signal });
  } catch (error) {
    if (error instanceof KubernetesError && error.code === 'not_found') return undefined;
    throw error;
  }
}
