import { type FaultEvent, faultFingerprint, type ResourceReference } from '@nightcrier/core/fault';
import type { Severity } from '@nightcrier/core/severity';
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
import { cleanText } from './wire-text.ts';

/**
 * What ended longer ago than this is history. The API keeps it for long (a failed pod until it is deleted, an Event for
 * an hour), and a poll must not report it again and again. States that last, such as an unready node, have no age.
 */
const RECENT_MS = 15 * 60_000;

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

/** A fault before it has its identity. */
interface Finding {
  faultType: string;
  severity: Severity;
  resource: ResourceReference;
  container?: string | undefined;
  context: string;
  /** When it began or happened, as the cluster says it. */
  since: string | null | undefined;
}

/**
 * Everything that is wrong in a cluster at one time, one fault for each fingerprint. Types and fingerprints are those
 * of an event-emitting server; a pod that cannot start or be placed has the type that comes closest, PodCrash. Warning
 * Events are reported, with their reason as the type, only for objects that have no other fault: they are its symptoms.
 */
export function detectFaults(snapshot: ClusterSnapshot, clusterName: string): FaultEvent[] {
  const { takenAt } = snapshot;
  const states = [
    ...(snapshot.nodes ?? []).flatMap(nodeFinding),
    ...(snapshot.pods ?? []).flatMap((pod) => podFindings(pod, takenAt)),
    ...(snapshot.jobs ?? []).flatMap((job) => jobFinding(job, takenAt)),
    ...(snapshot.deployments ?? []).flatMap(deploymentFinding),
  ];
  const covered = new Set(states.map(({ resource }) => objectKey(resource)));
  const events = (snapshot.events ?? [])
    .flatMap((event) => eventFinding(event, takenAt))
    .filter(({ resource }) => !covered.has(objectKey(resource)));
  const faults = new Map<string, FaultEvent>();
  for (const finding of [...states, ...events]) {
    const fault = faultOf(finding, clusterName, takenAt);
    if (!faults.has(fault.faultId)) faults.set(fault.faultId, fault);
  }
  return [...faults.values()];
}

/** The types of an event-emitting server; every other type is the reason of a Warning Event. */
const STATE_TYPES = new Set(['PodCrash', 'CrashLoop', 'NodeUnhealthy', 'JobFailure', 'DeploymentFailure']);

/** Whether a detected fault comes from a Warning Event and not from the state of an object. */
export function isSymptom({ faultType }: FaultEvent): boolean {
  return !STATE_TYPES.has(faultType);
}

/** What faults of one object have in common. */
export function objectKey({ uid, kind, namespace, name }: ResourceReference): string {
  return uid ?? `${kind}/${namespace ?? ''}/${name}`;
}

function podFindings(pod: Pod, takenAt: Date): Finding[] {
  const { metadata, status } = pod;
  if (metadata.deletionTimestamp || !status || status.phase === 'Succeeded') return [];
  const resource = reference('v1', 'Pod', metadata);
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const findings = containers.flatMap((container) => containerFinding(container, resource, takenAt));
  if (findings.length > 0) return findings;

  const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    const context = `Pod cannot be scheduled: ${scheduled.message ?? 'no message'}`;
    return [{ faultType: 'PodCrash', severity: 'warning', resource, context, since: scheduled.lastTransitionTime }];
  }
  const changed = latest(status.conditions?.map(({ lastTransitionTime }) => lastTransitionTime) ?? []);
  if (status.phase === 'Failed' && status.reason && isRecent(changed, takenAt)) {
    const context = `Pod failed: ${status.reason}: ${status.message ?? 'no message'}`;
    return [{ faultType: 'PodCrash', severity: 'warning', resource, context, since: changed }];
  }
  return [];
}

function containerFinding(status: ContainerStatus, resource: ResourceReference, takenAt: Date): Finding[] {
  const { name: container, state, lastState } = status;
  const waiting = state?.waiting;
  const failure = recentFailure(state?.terminated, takenAt) ?? recentFailure(lastState?.terminated, takenAt);
  if (waiting?.reason === 'CrashLoopBackOff') {
    const ended = failure ?? lastState?.terminated;
    const context = `Container ${container} keeps crashing, restart count: ${status.restartCount ?? 0}${ended ? `; last: ${describe(ended)}` : ''}`;
    return [{ faultType: 'CrashLoop', severity: 'critical', resource, container, context, since: ended?.finishedAt }];
  }
  if (waiting?.reason && CANNOT_START.has(waiting.reason)) {
    const context = `Container ${container} cannot start: ${waiting.reason}: ${waiting.message ?? 'no message'}`;
    return [{ faultType: 'PodCrash', severity: 'warning', resource, container, context, since: undefined }];
  }
  if (failure) {
    const context = `Container ${container} crashed with ${describe(failure)}`;
    return [{ faultType: 'PodCrash', severity: 'warning', resource, container, context, since: failure.finishedAt }];
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
    },
  ];
}

function jobFinding({ metadata, status }: Conditioned, takenAt: Date): Finding[] {
  const failed = status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  if (!failed || !isRecent(failed.lastTransitionTime, takenAt)) return [];
  const resource = reference('batch/v1', 'Job', metadata);
  const { lastTransitionTime: since } = failed;
  return [{ faultType: 'JobFailure', severity: 'critical', resource, context: describeCondition(failed), since }];
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
    { faultType: 'DeploymentFailure', severity: 'critical', resource, context: describeCondition(failed), since },
  ];
}

function eventFinding(event: WarningEvent, takenAt: Date): Finding[] {
  const { involvedObject, reason, message } = event;
  const since = latest([event.series?.lastObservedTime, event.lastTimestamp, event.eventTime, event.firstTimestamp]);
  if (event.type === 'Normal' || !isRecent(since, takenAt)) return [];
  const resource = reference(involvedObject.apiVersion ?? 'v1', involvedObject.kind, involvedObject);
  const container = containerOf(involvedObject.fieldPath ?? '', message ?? '');
  return [{ faultType: reason, severity: 'warning', resource, container, context: message ?? reason, since }];
}

function faultOf(finding: Finding, clusterName: string, takenAt: Date): FaultEvent {
  const { severity, resource, container } = finding;
  const faultType = cleanText(finding.faultType, 500, { lines: false });
  const since = finding.since ? Date.parse(finding.since) : Number.NaN;
  return {
    faultId: faultFingerprint(clusterName, faultType, resource, container),
    faultType,
    severity,
    resource,
    ...(container !== undefined && { container }),
    context: cleanText(finding.context, 16_384),
    timestamp: (Number.isNaN(since) ? takenAt : new Date(since)).toISOString(),
  };
}

function reference(
  apiVersion: string,
  kind: string,
  { name, namespace, uid }: { name: string; namespace?: string | null | undefined; uid?: string | null | undefined },
): ResourceReference {
  return { apiVersion, kind, name, ...(namespace && { namespace }), ...(uid && { uid }) };
}

/** An end with an error that is not history yet. */
function recentFailure(terminated: Terminated | null | undefined, takenAt: Date): Terminated | undefined {
  return terminated && terminated.exitCode !== 0 && isRecent(terminated.finishedAt, takenAt) ? terminated : undefined;
}

/** Without a time we cannot tell that it is old. */
function isRecent(time: string | null | undefined, takenAt: Date): boolean {
  const at = time ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) || takenAt.getTime() - at <= RECENT_MS;
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
