import { CronExpressionParser } from 'cron-parser';
import { type ClusterObjects, referenceTo } from '../objects/cluster-objects.ts';
import type { CronJob, Job, Replicated } from '../objects/kinds.ts';
import { workloadOfObject } from '../objects/owners.ts';
import { conditionOf, describeCondition, type Symptom, timeOf } from '../symptom.ts';

/** What admission says when it refuses a pod; other failures of a creation can pass. */
const REFUSED = /forbidden|denied|admission webhook|violates PodSecurity|is invalid/i;
/** What comes with a namespace may come a moment after the workload. */
const INCOMPLETE = /serviceaccount "[^"]*" not found|no API token found for service account/i;
const ENDING = /because it is being terminated/i;

/**
 * How severe a pod that cannot be created is, by the message of the API server. Undefined where none is wanted any more: its
 * namespace is being deleted.
 */
export function creationKind(message: string): 'QuotaExceeded' | 'CreateRefused' | 'FailedCreate' | undefined {
  if (ENDING.test(message)) return undefined;
  if (INCOMPLETE.test(message)) return 'FailedCreate';
  if (/exceeded quota|exceeded maximum|maximum .* usage per/i.test(message)) return 'QuotaExceeded';
  return REFUSED.test(message) ? 'CreateRefused' : 'FailedCreate';
}

/** What is wrong with a Deployment or ReplicaSet, by its conditions. */
export function deploymentSymptoms(
  kind: 'deployments' | 'replicasets',
  { metadata, status }: Replicated,
  objects: ClusterObjects,
): Symptom[] {
  if (metadata.deletionTimestamp) return [];
  const resource = referenceTo(kind, metadata);
  const base = () => ({
    resource,
    workload: workloadOfObject(resource.kind, metadata, objects),
    course: 'now' as const,
  });
  const refused = conditionOf(status?.conditions, 'ReplicaFailure');
  const progressing = conditionOf(status?.conditions, 'Progressing');
  const symptoms: Symptom[] = [];
  // A Deployment repeats what its ReplicaSet says.
  const creation = refused?.status === 'True' ? creationKind(refused.message ?? '') : undefined;
  if (refused && creation && kind === 'replicasets') {
    const context = describeCondition(refused);
    const since = timeOf(refused.lastTransitionTime);
    symptoms.push({ ...base(), kind: creation, context, since });
  }
  if (progressing?.status === 'False') {
    const since = timeOf(progressing.lastTransitionTime);
    symptoms.push({ ...base(), kind: 'RolloutFailed', context: describeCondition(progressing), since });
  } else if (refused && creation && creation !== 'FailedCreate' && kind === 'deployments') {
    const since = timeOf(refused.lastTransitionTime);
    symptoms.push({ ...base(), kind: 'RolloutFailed', context: describeCondition(refused), since });
  }
  return symptoms;
}

/** A StatefulSet or DaemonSet whose pods are not all ready; nothing tells since when. It may take long while it progresses. */
export function rolloutSymptoms(
  kind: 'statefulsets' | 'daemonsets',
  { metadata, spec, status }: Replicated,
  objects: ClusterObjects,
): Symptom[] {
  if (metadata.deletionTimestamp || !status) return [];
  const wanted = kind === 'statefulsets' ? (spec?.replicas ?? 1) : (status.desiredNumberScheduled ?? 0);
  const ready = kind === 'statefulsets' ? (status.readyReplicas ?? 0) : (status.numberReady ?? 0);
  if (ready >= wanted) return [];
  const resource = referenceTo(kind, metadata);
  const updated = kind === 'statefulsets' ? status.updatedReplicas : status.updatedNumberScheduled;
  return [
    {
      kind: 'RolloutStuck',
      resource,
      workload: workloadOfObject(resource.kind, metadata, objects),
      context: `${ready} of ${wanted} pods are ready`,
      since: undefined,
      progress: { of: status.updateRevision ?? `${status.observedGeneration}`, steps: (updated ?? 0) + ready },
      course: 'now',
    },
  ];
}

/**
 * A Job that has failed for good, unless its CronJob has succeeded since. One run that fails is not yet a failed Job.
 */
export function jobSymptoms({ metadata, status }: Job, objects: ClusterObjects): Symptom[] {
  const failed = status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  if (!failed || metadata.deletionTimestamp) return [];
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'CronJob');
  const cronJob = owner && objects.get('cronjobs', { namespace: metadata.namespace, name: owner.name });
  const succeeded = timeOf(cronJob?.status?.lastSuccessfulTime);
  if (succeeded !== undefined && succeeded > (timeOf(failed.lastTransitionTime) ?? succeeded)) return [];
  return [
    {
      kind: failed.reason === 'BackoffLimitExceeded' || !failed.reason ? 'JobFailed' : 'JobStopped',
      resource: referenceTo('jobs', metadata),
      workload: workloadOfObject('Job', metadata, objects),
      context: describeCondition(failed),
      since: timeOf(failed.lastTransitionTime),
      course: 'ended',
    },
  ];
}

/**
 * The next start that a CronJob's schedule wants: a symptom that begins in the future, unless the start comes. One that waits
 * for its run before (`concurrencyPolicy: Forbid`) does not miss a start.
 */
export function cronJobSymptoms({ metadata, spec, status }: CronJob, objects: ClusterObjects): Symptom[] {
  const { schedule, timeZone, suspend, concurrencyPolicy } = spec ?? {};
  const running = (status?.active?.length ?? 0) > 0;
  if (metadata.deletionTimestamp || suspend || !schedule || (concurrencyPolicy === 'Forbid' && running)) return [];
  const last = timeOf(status?.lastScheduleTime) ?? timeOf(metadata.creationTimestamp);
  const missed = last === undefined ? undefined : nextStart(schedule, timeZone, last);
  if (missed === undefined) return [];
  return [
    {
      kind: 'MissedStart',
      resource: referenceTo('cronjobs', metadata),
      workload: workloadOfObject('CronJob', metadata, objects),
      context: `No Job was started for ${new Date(missed).toISOString()}, which the schedule ${JSON.stringify(schedule)} wants; last start: ${status?.lastScheduleTime ?? 'none'}`,
      since: missed,
      isRecent: true,
      course: 'now',
    },
  ];
}

/** Undefined for a schedule that only Kubernetes understands. */
function nextStart(schedule: string, timeZone: string | null | undefined, after: number): number | undefined {
  try {
    const tz = timeZone ?? 'UTC';
    return CronExpressionParser.parse(schedule, { currentDate: new Date(after), tz })
      .next()
      .getTime();
  } catch {
    return undefined;
  }
}
