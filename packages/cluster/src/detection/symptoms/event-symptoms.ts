import { SYMPTOMS, type SymptomKind } from '@nightcrier/core/problems/symptom-table';
import { cleanText } from '../../mcp/wire-text.ts';
import type { ClusterObjects } from '../objects/cluster-objects.ts';
import { containerOf } from './container-of.ts';
import { kindOfUnseen } from './event-kinds.ts';
import { type ObjectOf, type Pod, type Replicated, type WarningEvent, watchedKindOf } from '../objects/kinds.ts';
import { workloadOfClaim } from './other-symptoms.ts';
import { workloadOfResource } from '../objects/owners.ts';
import { CANNOT_START, isOfJob, PLANNED_ENDS } from './pod-symptoms.ts';
import { conditionOf, latestOf, type Symptom, timeOf } from '../symptom.ts';
import { creationKind } from './workload-symptoms.ts';

/** Controllers that back off repeat an Event after up to 16 minutes. */
const CONFIRMED_LIFE_MS = 30 * 60_000;
/** Nothing but its repetition says that such an Event still holds. */
const UNCONFIRMED_LIFE_MS = 5 * 60_000;

/** Events of pods that have no state to show what they say. */
const POD_REASONS: ReadonlyMap<string, SymptomKind> = new Map([
  ['FailedMount', 'FailedMount'],
  ['FailedMapVolume', 'FailedMount'],
  ['FailedAttachVolume', 'FailedAttachVolume'],
  ['FailedCreatePodSandBox', 'FailedCreatePodSandBox'],
  ['NetworkNotReady', 'FailedCreatePodSandBox'],
]);

/** What the state of the object itself shows, or what is no trouble of the object. */
const SHOWN_BY_STATE: Readonly<Record<string, ReadonlySet<string>>> = {
  Pod: new Set([
    'BackOff',
    'Failed',
    'FailedScheduling',
    'Evicted',
    'NodeNotReady',
    'TaintManagerEviction',
    'Preempted',
    'FailedKillPod',
    'FailedPreStopHook',
    'ExceededGracePeriod',
    'DNSConfigForming',
    // A secret that is missing says nothing while the image is there.
    'FailedToRetrieveImagePullSecret',
    'ProbeWarning',
    'InspectFailed',
    'ErrImageNeverPull',
    'InvalidImageName',
    'UnexpectedAdmissionError',
    'OutOfcpu',
    'OutOfmemory',
    'NodeAffinity',
  ]),
  Job: new Set(['BackoffLimitExceeded', 'DeadlineExceeded', 'PodFailurePolicy']),
  CronJob: new Set(['MissSchedule', 'FailedNeedsStart', 'TooManyMissedTimes', 'UnexpectedJob', 'FailedCreate']),
  Deployment: new Set(['ReplicaSetCreateError']),
  Node: new Set(['NodeNotReady', 'InvalidDiskCapacity', 'CheckLimitsForResolvConf', 'Rebooted']),
  Service: new Set(['FailedToUpdateEndpoint', 'FailedToUpdateEndpointSlices']),
  Endpoints: new Set(['FailedToUpdateEndpoint']),
  HorizontalPodAutoscaler: new Set([
    'FailedGetScale',
    'FailedRescale',
    'FailedUpdateScale',
    'FailedComputeMetricsReplicas',
    'FailedGetResourceMetric',
    'FailedGetContainerResourceMetric',
    'FailedGetPodsMetric',
    'FailedGetObjectMetric',
    'FailedGetExternalMetric',
    'InvalidMetricSourceType',
    'InvalidSelector',
    'SelectorRequired',
  ]),
};

/** An object may be of any kind, such as `constructor`. */
function isShownByState(kind: string, reason: string): boolean {
  return Object.hasOwn(SHOWN_BY_STATE, kind) && SHOWN_BY_STATE[kind]?.has(reason) === true;
}

/**
 * What a Warning Event shows of the object it names. An Event of an object that is gone shows nothing, and neither does
 * one whose object shows the same by its own state. The others count as long as the object's state agrees, or as they
 * are repeated.
 */
export function eventSymptoms(event: WarningEvent, objects: ClusterObjects): Symptom[] {
  if (event.type === 'Normal') return [];
  const { involvedObject: involved, reason } = event;
  const message = event.message ?? reason;
  const { namespace, uid } = involved;
  const resource: Symptom['resource'] = {
    apiVersion: involved.apiVersion ?? 'v1',
    kind: involved.kind,
    name: involved.name,
    ...(namespace && { namespace }),
    ...(uid && { uid }),
  };
  const unseen = isReadable(event, objects) ? undefined : kindOfUnseen(event);
  const rejection = unseen || isGone(event, objects) ? undefined : rejectionKind(event, objects);
  if (!unseen && !rejection && (isShownByState(involved.kind, reason) || isGone(event, objects))) return [];
  const first = latestOf([timeOf(event.firstTimestamp)]) ?? timeOf(event.eventTime);
  const last = latestOf(
    [event.series?.lastObservedTime, event.lastTimestamp, event.eventTime, event.firstTimestamp].map(timeOf),
  );
  const base = {
    resource: withOwnUid(resource, objects),
    workload:
      involved.kind === 'PersistentVolumeClaim'
        ? workloadOfClaim(
            {
              name: involved.name,
              namespace,
              uid,
              creationTimestamp: null,
              deletionTimestamp: null,
              ownerReferences: null,
            },
            objects,
          )
        : workloadOfResource(resource, objects),
    context: cleanText(message, 16_384),
    since: first ?? last,
    course: 'now',
  } as const;
  if (unseen) {
    const container = containerOf(involved.fieldPath ?? '', message);
    return [{ ...base, kind: unseen, container, until: (last ?? Infinity) + UNCONFIRMED_LIFE_MS }];
  }
  if (rejection) return [{ ...base, kind: rejection, since: last ?? first, course: 'over' }];
  const confirmed = confirmedKind(event, objects);
  if (confirmed === 'disproved') return [];
  if (confirmed) return [{ ...base, kind: confirmed, until: (last ?? Infinity) + CONFIRMED_LIFE_MS }];
  // Nothing but its repetition shows that it lasts.
  const lasted = (last ?? 0) - (first ?? last ?? 0);
  if (lasted < SYMPTOMS.WarningEvent.grace * 1000) return [];
  const until = (last ?? 0) + UNCONFIRMED_LIFE_MS;
  const container = containerOf(involved.fieldPath ?? '', message);
  if (involved.kind === 'Pod' && reason === 'Unhealthy') {
    // A readiness or startup probe that fails shows itself in the pod's state, with the time that it allows.
    return message.startsWith('Liveness') ? [{ ...base, kind: 'Unhealthy', container, until }] : [];
  }
  const faultType = cleanText(reason, 500, { lines: false });
  return [{ ...base, kind: 'WarningEvent', faultType, ...(container !== undefined && { container }), until }];
}

/** Of a pod that the kubelet has rejected, its status tells no time: the Event of the same reason does. */
function rejectionKind({ involvedObject: involved, reason }: WarningEvent, objects: ClusterObjects) {
  if (involved.kind !== 'Pod') return undefined;
  const pod = objects.get('pods', involved);
  const isRejection =
    pod?.status?.phase === 'Failed' && pod.status.reason === reason && !pod.metadata.deletionTimestamp;
  if (!isRejection || PLANNED_ENDS.has(reason) || isOfJob(pod)) return undefined;
  return reason === 'Evicted' ? 'Evicted' : 'PodRejected';
}

/** The kind of symptom whose going on the state of the object tells, and whether it does. */
function confirmedKind(event: WarningEvent, objects: ClusterObjects): SymptomKind | 'disproved' | undefined {
  const { involvedObject: involved, reason } = event;
  const message = event.message ?? '';
  switch (involved.kind) {
    case 'Pod': {
      const kind = POD_REASONS.get(reason);
      return kind && agree(kind, objects.get('pods', involved), isStarting);
    }
    case 'PersistentVolumeClaim':
      if (reason !== 'ProvisioningFailed') return undefined;
      return agree(
        'ProvisioningFailed',
        objects.get('persistentvolumeclaims', involved),
        ({ status }) => status?.phase === 'Pending',
      );
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job': {
      if (reason !== 'FailedCreate') return undefined;
      const kind = creationKind(message);
      if (kind === undefined) return 'disproved';
      if (involved.kind === 'Job') return agree(kind, objects.get('jobs', involved), isIdle);
      if (involved.kind === 'DaemonSet') return agree(kind, objects.get('daemonsets', involved), lacksScheduled);
      const plural = involved.kind === 'ReplicaSet' ? 'replicasets' : 'statefulsets';
      return agree(kind, objects.get(plural, involved), lacksReplicas);
    }
    default:
      return undefined;
  }
}

function agree<T>(kind: SymptomKind, object: T | undefined, holds: (object: T) => boolean): SymptomKind | 'disproved' {
  return object === undefined || holds(object) ? kind : 'disproved';
}

/** Whether a pod may still lack a volume or its sandbox: both come before its containers, and before their images. */
function isStarting({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp || status?.phase !== 'Pending') return false;
  if (conditionOf(status.conditions, 'PodReadyToStartContainers')?.status === 'True') return false;
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return !containers.some(({ state }) => Boolean(state?.running) || CANNOT_START.has(state?.waiting?.reason ?? ''));
}

function isIdle({ status }: ObjectOf<'jobs'>): boolean {
  return (
    (status?.active ?? 0) === 0 &&
    !status?.conditions?.some(({ type, status }) => status === 'True' && type !== 'Suspended')
  );
}

function lacksScheduled({ status }: Replicated): boolean {
  return (status?.currentNumberScheduled ?? 0) < (status?.desiredNumberScheduled ?? 0);
}

function lacksReplicas({ spec, status }: Replicated): boolean {
  return (status?.replicas ?? 0) < (spec?.replicas ?? 1);
}

/** Whether the object itself can be asked: it is here, or it is known not to exist. */
function isReadable({ involvedObject: involved }: WarningEvent, objects: ClusterObjects): boolean {
  const kind = watchedKindOf(involved.kind);
  return !kind || objects.knows(kind) || objects.get(kind, involved) !== undefined;
}

/** Whether the object does not exist any more, as far as detection reads its kind. */
function isGone({ involvedObject: involved }: WarningEvent, objects: ClusterObjects): boolean {
  const kind = watchedKindOf(involved.kind);
  if (!kind || !objects.knows(kind)) return false;
  const object = objects.get(kind, involved);
  if (!object) return true;
  // The kubelet writes a node's name in place of its uid.
  return kind !== 'nodes' && Boolean(involved.uid && object.metadata.uid && involved.uid !== object.metadata.uid);
}

function withOwnUid(resource: Symptom['resource'], objects: ClusterObjects): Symptom['resource'] {
  const kind = watchedKindOf(resource.kind);
  const uid = kind && objects.get(kind, resource)?.metadata.uid;
  return uid ? { ...resource, uid } : resource;
}
