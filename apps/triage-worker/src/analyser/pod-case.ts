import type { V1Container } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { LogPiece } from '../evidence/evidence.ts';
import type { ContainerStatus, Pod } from '../evidence/kubernetes-object.ts';
import { containerStatuses, isContainerInTrouble, podTrouble } from '../evidence/pod-trouble.ts';
import { commandFor, type ClusterView, type SeenEvent } from '../evidence/view/cluster-view.ts';
import type { Workload } from '../evidence/view/workload.ts';

/** One container of a pod: what is asked for, its state, and its logs. */
export interface ContainerCase {
  name: string;
  isInit: boolean;
  status: ContainerStatus;
  spec: Wire<V1Container>;
  log?: LogPiece;
  previousLog?: LogPiece;
}

/** Everything the evidence holds about one pod, in the shape in which the rules read it. */
export interface PodCase {
  view: ClusterView;
  workload: Workload;
  pod: Pod;
  name: string;
  namespace: string;
  /** The command that shows the pod. */
  command: string;
  /** Containers in trouble, the one that the fault names first; all containers when none is. */
  containers: ContainerCase[];
  /** Whether one of the containers is in trouble now. */
  inTrouble: boolean;
  /** Newest first. */
  events: SeenEvent[];
}

/** The cases of the pods of a workload, the one at fault first, then the worst. */
export function podCases(
  view: ClusterView,
  workload: Workload,
  fault: { pod?: string | undefined; container?: string | undefined } = {},
): PodCase[] {
  const pods = [...workload.pods].sort(
    (a, b) =>
      Number(b.metadata?.name === fault.pod) - Number(a.metadata?.name === fault.pod) || podTrouble(b) - podTrouble(a),
  );
  return pods.slice(0, 4).map((pod) => podCase(view, workload, pod, fault.container));
}

function podCase(view: ClusterView, workload: Workload, pod: Pod, container: string | undefined): PodCase {
  const { name = '', namespace = 'default' } = pod.metadata ?? {};
  const statuses = containerStatuses(pod);
  const inTrouble = statuses.filter((status) => isContainerInTrouble(status) || status.name === container);
  const chosen = (inTrouble.length > 0 ? inTrouble : statuses).sort(
    (a, b) => Number(b.name === container) - Number(a.name === container),
  );
  const inits = pod.spec?.initContainers ?? [];
  const specs = [...inits, ...(pod.spec?.containers ?? [])];
  return {
    view,
    workload,
    pod,
    name,
    namespace,
    command: commandFor({ ...pod, apiVersion: 'v1', kind: 'Pod' }),
    inTrouble: statuses.some(isContainerInTrouble),
    containers: chosen.map((status) => {
      const containerName = status.name ?? '';
      const log = view.log(namespace, name, containerName, false);
      const previousLog = view.log(namespace, name, containerName, true);
      return {
        name: containerName,
        isInit: inits.some((init) => init.name === containerName),
        status,
        spec: specs.find((spec) => spec.name === containerName) ?? {},
        ...(log && { log }),
        ...(previousLog && { previousLog }),
      };
    }),
    events: view.eventsAbout('Pod', name, namespace),
  };
}
