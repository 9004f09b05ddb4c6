import type { ResourceReference } from '@nightcrier/core/faults/fault';
import type { Severity } from '@nightcrier/core/faults/severity';
import { containerOf } from './container-of.ts';
import type {
  ClusterSnapshot,
  Condition,
  Conditioned,
  ContainerStatus,
  Pod,
  Terminated,
  WarningEvent,
} from './resource-kinds.ts';

/** Why a container waits that cannot start, as opposed to one that is starting. */
const CANNOT_START = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

const NODE_PRESSURES = new Set(['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable']);

/**
 * How a finding goes on: `now` it is the case; it is `over`; or it is an end that `lasts`, such as that of a failed job,
 * whose object shows it until it is deleted.
 */
export type Course = 'now' | 'lasting' | 'over';

/** A fault before it has its identity. */
export interface Finding {
  faultType: string;
  severity: Severity;
  resource: ResourceReference;
  container?: string | undefined;
  context: string;
  /** When it began or happened, as the cluster says it. */
  since: string | null | undefined;
  course: Course;
}

/**
 * What is wrong with the objects of a cluster, by their state.
 * @param cutoff what ended before is history; milliseconds since the epoch. The API keeps it for long (a failed pod until
 *   it is deleted), and it must not be reported again and again. States that last, such as an unready node, have no age.
 */
export function stateFindings(snapshot: ClusterSnapshot, cutoff: number): Finding[] {
  return [
    ...(snapshot.nodes ?? []).flatMap(nodeFinding),
    ...(snapshot.pods ?? []).flatMap((pod) => podFindings(pod, cutoff)),
    ...(snapshot.jobs ?? []).flatMap((job) => jobFinding(job, cutoff)),
    ...(snapshot.deployments ?? []).flatMap(deploymentFinding),
  ];
}

/** What the Warning Events tell, with their reason as the type. Events last seen before `cutoff` are history. */
export function eventFindings(snapshot: ClusterSnapshot, cutoff: number): Finding[] {
  return (snapshot.events ?? []).flatMap((event) => eventFinding(event, cutoff));
}

function podFindings(pod: Pod, cutoff: number): Finding[] {
  const { metadata, status } = pod;
  if (metadata.deletionTimestamp || !status || status.phase === 'Succeeded') return [];
  const resource = reference('v1', 'Pod', metadata);
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const findings = containers.flatMap((container) => containerFinding(container, resource, cutoff));
  if (findings.length > 0) return findings;

  const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    const context = `Pod cannot be scheduled: ${scheduled.message ?? 'no message'}`;
    return [
      {
        faultType: 'PodCrash',
        severity: 'warning',
        resource,
        context,
        since: scheduled.lastTransitionTime,
        course: 'now',
      },
    ];
  }
  const changed = latest(status.conditions?.map(({ lastTransitionTime }) => lastTransitionTime) ?? []);
  if (status.phase === 'Failed' && status.reason && isRecent(changed, cutoff)) {
    const context = `Pod failed: ${status.reason}: ${status.message ?? 'no message'}`;
    return [{ faultType: 'PodCrash', severity: 'warning', resource, context, since: changed, course: 'lasting' }];
  }
  return [];
}

function containerFinding(status: ContainerStatus, resource: ResourceReference, cutoff: number): Finding[] {
  const { name: container, state, lastState } = status;
  const waiting = state?.waiting;
  const failure = recentFailure(state?.terminated, cutoff) ?? recentFailure(lastState?.terminated, cutoff);
  if (waiting?.reason === 'CrashLoopBackOff') {
    const ended = failure ?? lastState?.terminated;
    const context = `Container ${container} keeps crashing, restart count: ${status.restartCount ?? 0}${ended ? `; last: ${describe(ended)}` : ''}`;
    return [
      {
        faultType: 'CrashLoop',
        severity: 'critical',
        resource,
        container,
        context,
        since: ended?.finishedAt,
        course: 'now',
      },
    ];
  }
  if (waiting?.reason && CANNOT_START.has(waiting.reason)) {
    const context = `Container ${container} cannot start: ${waiting.reason}: ${waiting.message ?? 'no message'}`;
    return [
      { faultType: 'PodCrash', severity: 'warning', resource, container, context, since: undefined, course: 'now' },
    ];
  }
  if (failure) {
    const course = failure === state?.terminated || waiting ? 'lasting' : 'over';
    const context = `Container ${container} crashed with ${describe(failure)}`;
    return [
      { faultType: 'PodCrash', severity: 'warning', resource, container, context, since: failure.finishedAt, course },
    ];
  }
  return [];
}

function nodeFinding({ metadata, status }: Conditioned): Finding[] {
  const conditions = status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  const unready = ready && ready.status !== 'True' ? [ready] : [];
  const pressures = conditions.filter(({ type, status }) => NODE_PRESSURES.has(type) && status === 'True');
  const [first] = [...unready, ...pressures];
  if (!first) return [];
  return [
    {
      faultType: 'NodeUnhealthy',
      severity: 'warning',
      resource: reference('v1', 'Node', metadata),
      context: [...unready, ...pressures].map(describeCondition).join('\n'),
      since: first.lastTransitionTime,
      course: 'now',
    },
  ];
}

function jobFinding({ metadata, status }: Conditioned, cutoff: number): Finding[] {
  const failed = status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  if (!failed || !isRecent(failed.lastTransitionTime, cutoff)) return [];
  const resource = reference('batch/v1', 'Job', metadata);
  const { lastTransitionTime: since } = failed;
  return [
    {
      faultType: 'JobFailure',
      severity: 'critical',
      resource,
      context: describeCondition(failed),
      since,
      course: 'lasting',
    },
  ];
}

function deploymentFinding({ metadata, status }: Conditioned): Finding[] {
  const failed = status?.conditions?.find(
    ({ type, status }) =>
      (type === 'Progressing' && status === 'False') || (type === 'ReplicaFailure' && status === 'True'),
  );
  if (!failed) return [];
  const resource = reference('apps/v1', 'Deployment', metadata);
  const { lastTransitionTime: since } = failed;
  return [
    {
      faultType: 'DeploymentFailure',
      severity: 'critical',
      resource,
      context: describeCondition(failed),
      since,
      course: 'now',
    },
  ];
}

function eventFinding(event: WarningEvent, cutoff: number): Finding[] {
  const { involvedObject, reason, message } = event;
  const since = latest([event.series?.lastObservedTime, event.lastTimestamp, event.eventTime, event.firstTimestamp]);
  if (event.type === 'Normal' || !isRecent(since, cutoff)) return [];
  const resource = reference(involvedObject.apiVersion ?? 'v1', involvedObject.kind, involvedObject);
  const container = containerOf(involvedObject.fieldPath ?? '', message ?? '');
  return [
    { faultType: reason, severity: 'warning', resource, container, context: message ?? reason, since, course: 'over' },
  ];
}

function reference(
  apiVersion: string,
  kind: string,
  { name, namespace, uid }: { name: string; namespace?: string | null | undefined; uid?: string | null | undefined },
): ResourceReference {
  return { apiVersion, kind, name, ...(namespace && { namespace }), ...(uid && { uid }) };
}

/** An end with an error that is not history yet. */
function recentFailure(terminated: Terminated | null | undefined, cutoff: number): Terminated | undefined {
  return terminated && terminated.exitCode !== 0 && isRecent(terminated.finishedAt, cutoff) ? terminated : undefined;
}

/** Without a time we cannot tell that it is old. */
function isRecent(time: string | null | undefined, cutoff: number): boolean {
  const at = time ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) || at >= cutoff;
}

function latest(times: (string | null | undefined)[]): string | undefined {
  return times.filter((time) => typeof time === 'string').sort((a, b) => Date.parse(b) - Date.parse(a))[0];
}

function describe({ exitCode, reason, message }: Terminated): string {
  return `exit code ${exitCode}${reason ? ` (${reason})` : ''}${message ? `: ${message}` : ''}`;
}

function describeCondition({ type, status, reason, message }: Condition): string {
  return `${type}=${status}${reason ? ` (${reason})` : ''}${message ? `: ${message}` : ''}`;
}
