import type { Kubernetes } from '@nightcrier/cluster/kubernetes/client';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { Alert, Evidence, EvidencePiece } from '../evidence.ts';
import { EvidenceReader } from '../evidence-reader.ts';
import { isWorkload } from '../kubernetes-object.ts';
import { containerStatuses, isPodReady, referencedConfigMaps, requiredConfigMaps } from '../pod-trouble.ts';
import { builtInType } from '../resource-type.ts';
import { ClusterView } from '../view/cluster-view.ts';
import { templateOf, type Workload } from '../view/workload.ts';
import { readBackground } from './background.ts';
import { readOtherNamespaces } from './other-namespaces.ts';
import { logsOfDependencies, logsOfUnready, logsOfWorkloads, type LogRequest } from './choose-logs.ts';
import { pickOut } from './pick-out.ts';
import { workloadsOf } from '../view/subject.ts';
import { listNamespace, listNodes, listSystem, listVolumes } from './surroundings.ts';

const MAX_CONFIG_MAPS = 8;
/** How many times the names in the logs are followed to the next Services. */
const ROUNDS = 2;

/**
 * Saves what an investigation needs and what rotates away: the resource at fault, everything in its namespace that it may
 * depend on, nodes, events, and the logs of the containers at fault and of the services that these complain about.
 * Reads only, and never Secrets or the values in ConfigMaps. A request that fails becomes a gap.
 * @param options.alerts the alerts that fire in the cluster
 * @throws KubernetesError for which `isClusterAway` holds, or the signal's reason
 */
export async function collectEvidence(options: {
  kubernetes: Kubernetes;
  fault: FaultEvent;
  alerts?: Alert[];
  now?: () => Date;
  signal?: AbortSignal;
}): Promise<Evidence> {
  const { kubernetes, fault, alerts = [], now = () => new Date(), signal } = options;
  const collectedAt = now().toISOString();
  const reader = new EvidenceReader(kubernetes, now, signal);
  const { namespace } = fault.resource;

  // The resource's events outlive it, so they are asked for even when it is gone.
  const [resource, events, around, nodes] = await allSettled([
    reader.object('resource', fault.resource),
    reader.events(fault.resource),
    namespace === undefined ? [] : listNamespace(reader, namespace),
    listNodes(reader),
  ]);
  const pieces: EvidencePiece[] = [resource, events, ...pickOut(fault, resource, [...around, ...nodes])];
  if (alerts.length > 0) pieces.push({ type: 'alerts', alerts, command: 'amtool alert query', at: collectedAt });
  const view = () => new ClusterView({ collectedAt, pieces });

  pieces.push(...(await ownPods(reader, view(), fault)));
  const first = view();
  const workloads = workloadsOf(first, fault.resource);
  const [volumes, system, configMaps, more, logs] = await allSettled([
    needsVolumes(first, namespace) ? listVolumes(reader) : [],
    needsSystem(first, fault, workloads) ? listSystem(reader) : [],
    readConfigMaps(reader, workloads),
    readBackground(reader, first, namespace, workloads),
    readLogs(reader, [
      ...logsOfWorkloads(workloads, fault),
      ...(fault.resource.kind === 'Service' ? logsOfUnready(first, namespace) : []),
    ]),
  ]);
  pieces.push(...volumes, ...system, ...configMaps, ...more, ...logs);
  pieces.push(...(await readOtherNamespaces(reader, view(), namespace, workloads)));

  const read = new Set(logs.map(({ command }) => command));
  for (let round = 0; round < ROUNDS; round += 1) {
    const current = view();
    const served = round === 0 ? workloads : [...workloads, ...withLogs(current, namespace)];
    const wanted = logsOfDependencies(current, served).filter((request) => !isRead(current, request));
    const more = (await readLogs(reader, wanted)).filter(({ command }) => !read.has(command));
    if (more.length === 0) break;
    for (const { command } of more) read.add(command);
    pieces.push(...more);
  }
  return { collectedAt, pieces };
}

/** Fails as the first of them, once all have ended. */
async function allSettled<T extends readonly unknown[]>(
  work: readonly [...T],
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** In a namespace with more pods than a page holds, those of the workload by their labels. */
async function ownPods(reader: EvidenceReader, view: ClusterView, { resource }: FaultEvent): Promise<EvidencePiece[]> {
  const { namespace } = resource;
  if (namespace === undefined || view.isComplete('Pod', namespace)) return [];
  const selectors = workloadsOf(view, resource).flatMap((workload) => selectorOf(workload) ?? []);
  const found = await Promise.all(
    selectors.slice(0, 2).map(async (selector) => reader.list('pod', builtInType('Pod'), { namespace, selector })),
  );
  return found.flat();
}

function selectorOf({ object }: Workload): string | undefined {
  const labels = object && isWorkload(object) ? Object.entries(object.spec?.selector?.matchLabels ?? {}) : [];
  return labels.length > 0 ? labels.map(([key, value]) => `${key}=${value}`).join(',') : undefined;
}

/** Volumes matter where a claim is not bound or a pod has no node. */
function needsVolumes(view: ClusterView, namespace: string | undefined): boolean {
  return (
    view.all('PersistentVolumeClaim', namespace).some(({ status }) => status?.phase !== 'Bound') ||
    view
      .all('Pod', namespace)
      .some(
        ({ spec, status }) =>
          status?.phase === 'Pending' &&
          (spec?.volumes ?? []).some(({ persistentVolumeClaim }) => persistentVolumeClaim),
      )
  );
}

/** What runs the cluster matters where a node is at fault, where pods do not become ready, and where names do not resolve. */
function needsSystem(view: ClusterView, { resource }: FaultEvent, workloads: Workload[]): boolean {
  const isNode = resource.kind === 'Node';
  return (
    isNode ||
    workloads.length === 0 ||
    workloads.some(({ pods }) => pods.length === 0 || pods.some((pod) => !isPodReady(pod)))
  );
}

/** Whether the ConfigMaps of the workloads exist, and who changed them last. Those of pods that cannot start come first. */
async function readConfigMaps(reader: EvidenceReader, workloads: Workload[]) {
  const wanted = workloads.slice(0, 2).flatMap((workload) => {
    const cannotStart = workload.pods.filter(
      (pod) =>
        pod.spec?.nodeName !== undefined &&
        containerStatuses(pod).some(({ state }) =>
          ['CreateContainerConfigError', 'ContainerCreating'].includes(state?.waiting?.reason ?? ''),
        ),
    );
    const names = [
      ...cannotStart.flatMap(requiredConfigMaps),
      ...referencedConfigMaps(templateOf(workload)?.spec ?? {}),
    ];
    return names.map((name) => ({ name, namespace: workload.namespace }));
  });
  const unique = [...new Map(wanted.map((it) => [`${it.namespace}/${it.name}`, it])).values()];
  return Promise.all(
    unique.slice(0, MAX_CONFIG_MAPS).map(async ({ namespace, name }) => reader.configMapExists(namespace, name)),
  );
}

async function readLogs(reader: EvidenceReader, requests: LogRequest[]) {
  const unique = new Map(requests.map((request) => [Object.values(request).join('/'), request]));
  const found = await Promise.all(
    [...unique.values()].map(async ({ namespace, pod, container, previous }) =>
      reader.log(namespace, pod, container, previous),
    ),
  );
  return found.filter((piece) => piece !== undefined);
}

function isRead(view: ClusterView, { namespace, pod, container, previous }: LogRequest): boolean {
  return view.log(namespace, pod, container, previous) !== undefined;
}

/** The pods whose logs were read, as workloads of their own: their complaints are followed in turn. */
function withLogs(view: ClusterView, namespace: string | undefined): Workload[] {
  return view
    .all('Pod', namespace)
    .filter((pod) =>
      containerStatuses(pod).some(
        ({ name = '' }) => view.log(pod.metadata?.namespace ?? '', pod.metadata?.name ?? '', name, false) !== undefined,
      ),
    )
    .map((pod) => ({
      kind: 'Pod',
      name: pod.metadata?.name ?? '',
      namespace: pod.metadata?.namespace ?? 'default',
      object: pod,
      pods: [pod],
      creators: [],
    }));
}
