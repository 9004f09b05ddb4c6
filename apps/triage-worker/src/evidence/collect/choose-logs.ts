import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { Pod } from '../kubernetes-object.ts';
import { containerStatuses, isContainerInTrouble, isPodReady, podTrouble, ranBefore } from '../pod-trouble.ts';
import { configuredAddresses, serviceAt, type Address } from '../view/addresses.ts';
import type { ClusterView } from '../view/cluster-view.ts';
import { complaintsIn, servicesNamed } from '../view/complaints.ts';
import { podsBehind, type Service } from '../view/service-links.ts';
import type { Workload } from '../view/workload.ts';

/** A log to read. */
export interface LogRequest {
  namespace: string;
  pod: string;
  container: string;
  previous: boolean;
}

const MAX_PODS = 2;
const MAX_CONTAINERS = 3;
const MAX_SERVICES = 4;
const MAX_UNREADY = 3;

/** The logs of the worst pods of the workloads at fault. */
export function logsOfWorkloads(workloads: Workload[], fault: FaultEvent): LogRequest[] {
  return workloads.slice(0, 3).flatMap(({ pods }) => {
    const own = pods.filter(({ metadata }) => metadata?.name === fault.resource.name);
    return [...new Set([...own, ...pods])].slice(0, MAX_PODS).flatMap((pod) => logsOfPod(pod, fault.container));
  });
}

/** The logs of pods of the namespace that are not ready: a service that fails may depend on them. */
export function logsOfUnready(view: ClusterView, namespace: string | undefined): LogRequest[] {
  if (namespace === undefined) return [];
  const unready = view.all('Pod', namespace).filter((pod) => podTrouble(pod) > 0 && pod.status?.phase !== 'Failed');
  return unready
    .sort((a, b) => podTrouble(b) - podTrouble(a))
    .slice(0, MAX_UNREADY)
    .flatMap((pod) => logsOfPod(pod, undefined));
}

/** The logs of the pods behind the Services that the logs read so far complain about, and behind those that are not ready. */
export function logsOfDependencies(view: ClusterView, workloads: Workload[]): LogRequest[] {
  const services = workloads.flatMap((workload) => [
    ...servicesComplainedAbout(view, workload),
    ...servicesConfigured(view, workload).filter((service) => !podsBehind(view, service).some(isPodReady)),
  ]);
  return [...new Set(services)].slice(0, MAX_SERVICES).flatMap((service) => {
    const pods = podsBehind(view, service).sort((a, b) => podTrouble(b) - podTrouble(a));
    return pods.slice(0, 1).flatMap((pod) => logsOfPod(pod, undefined));
  });
}

/** The addresses that the logs of a workload complain about. */
export function addressesComplainedAbout(view: ClusterView, workload: Workload): Address[] {
  return logsOf(view, workload)
    .flatMap(complaintsIn)
    .flatMap(({ addresses }) => addresses);
}

/** The Services that the logs of a workload complain about. */
export function servicesComplainedAbout(view: ClusterView, workload: Workload): Service[] {
  const complaints = logsOf(view, workload).flatMap(complaintsIn);
  return servicesNamed(view, complaints, workload.namespace).flatMap(({ service }) => service ?? []);
}

function servicesConfigured(view: ClusterView, workload: Workload): Service[] {
  return configuredAddresses(workload).flatMap((address) => serviceAt(view, address, workload.namespace) ?? []);
}

function logsOf(view: ClusterView, { pods, namespace }: Workload): string[] {
  return pods
    .slice(0, MAX_PODS)
    .flatMap((pod) =>
      containerStatuses(pod).flatMap(({ name = '' }) =>
        [false, true].flatMap((previous) => view.log(namespace, pod.metadata?.name ?? '', name, previous)?.text ?? []),
      ),
    );
}

/** Current and previous logs of the containers in trouble; without any in trouble, of all. One that never ran has none. */
function logsOfPod(pod: Pod, container: string | undefined): LogRequest[] {
  const statuses = containerStatuses(pod);
  const atFault = statuses.filter(({ name }) => name === container);
  const inTrouble = statuses.filter((status) => isContainerInTrouble(status) || ranBefore(status));
  const main = statuses.filter(({ name }) => (pod.spec?.containers ?? []).some((spec) => spec.name === name));
  const chosen = [...new Set([...atFault, ...inTrouble, ...(inTrouble.length > 0 ? [] : main)])];
  const { name = '', namespace = 'default' } = pod.metadata ?? {};
  return chosen.slice(0, MAX_CONTAINERS).flatMap((status) => {
    const request = { namespace, pod: name, container: status.name ?? '' };
    const { running, terminated } = status.state ?? {};
    return [
      ...(running || terminated || ranBefore(status) ? [{ ...request, previous: false }] : []),
      ...(ranBefore(status) ? [{ ...request, previous: true }] : []),
    ];
  });
}
