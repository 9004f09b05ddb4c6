import { type ClusterObjects, referenceTo } from '../objects/cluster-objects.ts';
import type { Condition, Container, ContainerStatus, Pod, Terminated } from '../objects/kinds.ts';
import { workloadOfObject } from '../objects/owners.ts';
import { conditionOf, latestOf, type Symptom, timeOf } from '../symptom.ts';

/** Why a container waits that cannot start, as opposed to one that is starting. */
export const CANNOT_START: ReadonlyMap<string, Symptom['kind']> = new Map([
  ['CrashLoopBackOff', 'CrashLoopBackOff'],
  ['InvalidImageName', 'InvalidImageName'],
  ['ErrImagePull', 'ImagePull'],
  ['ImagePullBackOff', 'ImagePull'],
  ['ErrImageNeverPull', 'ImagePull'],
  ['ImageInspectError', 'ImagePull'],
  ['RegistryUnavailable', 'ImagePull'],
  ['SignatureValidationFailed', 'ImagePull'],
  ['CreateContainerConfigError', 'ContainerConfig'],
  ['CreateContainerError', 'ContainerConfig'],
  ['PreCreateHookError', 'ContainerConfig'],
  ['RunContainerError', 'ContainerFailed'],
  ['StartError', 'ContainerFailed'],
  ['PreStartHookError', 'ContainerFailed'],
  ['PostStartHookError', 'ContainerFailed'],
]);

/** `status.reason` of pods that ended because a node was shut down or a more important pod needed the room. */
export const PLANNED_ENDS = new Set(['Shutdown', 'NodeShutdown', 'Terminated', 'Preempting']);

/** Another controller, such as that of a load balancer, opens a gate of the readiness; it takes its time. */
const GATE_MS = 4 * 60_000;

const DEFAULT_PERIOD_SECONDS = 10;
const DEFAULT_FAILURES = 3;

type Base = Pick<Symptom, 'resource' | 'workload'>;

/**
 * What is wrong with a pod, by its state. A pod that is being deleted is not judged, and neither are the exit codes of a
 * Job's pods: the Job's retries decide.
 */
export function podSymptoms(pod: Pod, objects: ClusterObjects): Symptom[] {
  const { metadata, status } = pod;
  if (metadata.deletionTimestamp || !status || status.phase === 'Succeeded') return [];
  // Most pods show nothing: their workload is not looked up.
  const base = (): Base => ({
    resource: referenceTo('pods', metadata),
    workload: workloadOfObject('Pod', metadata, objects),
  });
  const ofJob = isOfJob(pod);
  if (status.phase === 'Failed') return ofJob ? [] : failedPod(pod, base);
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const failing = containers.flatMap((container) => containerSymptoms(pod, container, base, ofJob));
  const unschedulable = unschedulablePod(pod, base);
  if (failing.some(({ course }) => course === 'now')) return [...failing, ...unschedulable];
  return [...failing, ...unschedulable, ...unreadyContainers(pod, base, objects)];
}

export function isOfJob({ metadata }: Pod): boolean {
  return metadata.ownerReferences?.some(({ kind }) => kind === 'Job') ?? false;
}

/** The pod has ended and nothing restarts it: rejected by the kubelet, evicted, or its container failed. */
function failedPod({ metadata, status, spec }: Pod, base: () => Base): Symptom[] {
  const ended = latestOf([
    ...(status?.conditions ?? []).map(({ lastTransitionTime }) => timeOf(lastTransitionTime)),
    ...[...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(({ state }) =>
      timeOf(state?.terminated?.finishedAt),
    ),
  ]);
  const since = ended ?? timeOf(metadata.creationTimestamp);
  // Its controller has made another pod; the failed one may stay for days and says nothing more.
  const course = (metadata.ownerReferences ?? []).length > 0 ? 'over' : 'ended';
  if (status?.reason) {
    if (PLANNED_ENDS.has(status.reason)) return [];
    const context = `Pod failed: ${status.reason}: ${status.message ?? 'no message'}`;
    return [{ ...base(), kind: status.reason === 'Evicted' ? 'Evicted' : 'PodRejected', context, since, course }];
  }
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const failed = containers.find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  const end = failed?.state?.terminated;
  if (!failed || !end) return [];
  const context = `Container ${failed.name} ended with ${describeEnd(end)}; restartPolicy is ${spec?.restartPolicy ?? 'not known'}`;
  const kind = end.reason === 'OOMKilled' ? 'OOMKilled' : 'PodFailed';
  return [{ ...base(), kind, container: failed.name, context, since, course }];
}

function containerSymptoms(pod: Pod, status: ContainerStatus, base: () => Base, ofJob: boolean): Symptom[] {
  const { name: container, state, lastState } = status;
  const restarts = status.restartCount ?? 0;
  const last = lastState?.terminated ?? state?.terminated ?? undefined;
  const reason = state?.waiting?.reason ?? '';
  const kind = CANNOT_START.get(reason);
  if (kind === 'CrashLoopBackOff') {
    const context = `Container ${container} keeps crashing, restart count: ${restarts}${last ? `; last: ${describeEnd(last)}` : ''}`;
    return [{ ...base(), kind, container, context, since: timeOf(last?.finishedAt), course: 'now' }];
  }
  if (kind) {
    const context = `Container ${container} cannot start: ${reason}: ${state?.waiting?.message ?? 'no message'}`;
    return [{ ...base(), kind, container, context, since: blockedSince(pod, status), course: 'now' }];
  }
  const killed = [state?.terminated, lastState?.terminated].find((end) => end?.reason === 'OOMKilled');
  if (killed && restarts > 0) {
    const context = `Container ${container} was killed for its memory, restart count: ${restarts}; last: ${describeEnd(killed)}`;
    return [{ ...base(), kind: 'OOMKilled', container, context, since: timeOf(killed.finishedAt), course: 'over' }];
  }
  const end = state?.terminated;
  if (end && end.exitCode !== 0 && !ofJob) {
    const context = `Container ${container} crashed with ${describeEnd(end)}`;
    return [{ ...base(), kind: 'ContainerFailed', container, context, since: timeOf(end.finishedAt), course: 'now' }];
  }
  return [];
}

function unschedulablePod({ metadata, spec, status }: Pod, base: () => Base): Symptom[] {
  const scheduled = conditionOf(status?.conditions, 'PodScheduled');
  if (scheduled === undefined && status?.phase === 'Pending' && !spec?.nodeName) {
    const context = 'Pod has no node, and no scheduler has reported why';
    return [{ ...base(), kind: 'Unschedulable', context, since: timeOf(metadata.creationTimestamp), course: 'now' }];
  }
  if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') return [];
  const context = `Pod cannot be scheduled: ${scheduled.message ?? 'no message'}`;
  return [{ ...base(), kind: 'Unschedulable', context, since: timeOf(scheduled.lastTransitionTime), course: 'now' }];
}

/** Containers that run and are not ready, unless their node is what is wrong. */
function unreadyContainers(pod: Pod, base: () => Base, objects: ClusterObjects): Symptom[] {
  const ready = conditionOf(pod.status?.conditions, 'Ready');
  if (ready?.status !== 'False' || ready.reason === 'PodCompleted') return [];
  const node = nodeReadiness(pod, objects);
  if (node && node.status !== 'True') return [];
  // While a node was lost, its pods were not ready for that reason alone.
  const nodeReadySince = timeOf(node?.lastTransitionTime);
  if (ready.reason === 'ReadinessGatesNotReady') {
    const context = `Pod is not ready: ${ready.message ?? ready.reason}`;
    const since = latestOf([timeOf(ready.lastTransitionTime), nodeReadySince]);
    return [{ ...base(), kind: 'NotReady', context, since, extraGrace: GATE_MS, course: 'now' }];
  }
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const specs = new Map([...sidecars, ...(pod.spec?.containers ?? [])].map((spec) => [spec.name, spec]));
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const unready = statuses.filter(({ name, ready, state }) => specs.has(name) && state?.running && ready === false);
  return unready.map((status) => {
    const started = (status.restartCount ?? 0) === 0 ? timeOf(status.state?.running?.startedAt) : undefined;
    return {
      ...base(),
      kind: 'NotReady',
      container: status.name,
      context: `Container ${status.name} runs and is not ready, restart count: ${status.restartCount ?? 0}${ready.message ? `; ${ready.message}` : ''}`,
      since: latestOf([timeOf(ready.lastTransitionTime), started, nodeReadySince]),
      extraGrace: startLimit(specs.get(status.name)) * 1000,
      course: 'now',
    };
  });
}

/** How long a container may take to become ready by its own probes, s. */
function startLimit(spec: Container | undefined): number {
  const { startupProbe: startup, readinessProbe: readiness } = spec ?? {};
  const startupLimit = startup
    ? (startup.initialDelaySeconds ?? 0) +
      (startup.periodSeconds ?? DEFAULT_PERIOD_SECONDS) * (startup.failureThreshold ?? DEFAULT_FAILURES)
    : 0;
  return startupLimit + (readiness?.initialDelaySeconds ?? 0);
}

function nodeReadiness({ spec }: Pod, objects: ClusterObjects): Condition | undefined {
  const node = spec?.nodeName ? objects.get('nodes', { name: spec.nodeName }) : undefined;
  return conditionOf(node?.status?.conditions, 'Ready');
}

/**
 * Since when a container may have been waiting, which it does not tell: its pod is not ready for at least as long. What must
 * come before has ended later: the choice of a node, the init containers before it, its own last run.
 */
function blockedSince({ metadata, status, spec }: Pod, { name, lastState }: ContainerStatus): number | undefined {
  const ready = conditionOf(status?.conditions, 'ContainersReady') ?? conditionOf(status?.conditions, 'Ready');
  if (ready && ready.status !== 'False') return undefined;
  const scheduled = conditionOf(status?.conditions, 'PodScheduled');
  const initNames = (spec?.initContainers ?? []).map((container) => container.name);
  const own = initNames.indexOf(name);
  const earlier = new Set(own < 0 ? initNames : initNames.slice(0, own));
  const inits = (status?.initContainerStatuses ?? []).filter((init) => earlier.has(init.name));
  return latestOf([
    timeOf(ready?.lastTransitionTime) ?? timeOf(metadata.creationTimestamp),
    scheduled?.status === 'True' ? timeOf(scheduled.lastTransitionTime) : undefined,
    ...inits.map(({ state }) => timeOf(state?.terminated?.finishedAt ?? state?.running?.startedAt)),
    timeOf(lastState?.terminated?.finishedAt),
  ]);
}

function describeEnd({ exitCode, reason, message }: Terminated): string {
  return `exit code ${exitCode}${reason ? ` (${reason})` : ''}${message ? `: ${message}` : ''}`;
}
