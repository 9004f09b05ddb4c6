import type { Severity } from '../faults/severity.ts';
import type { SymptomFamily } from './symptom-families.ts';

/** What is known about one kind of symptom. */
interface SymptomRow {
  family: SymptomFamily;
  /** The MCP server's name where it has a detector, else the field's term. */
  faultType: string;
  /** As the MCP server reports it where it has a detector. */
  severity: Severity;
  /** How long it must last before it is a fault, seconds; 0: it is final, or a controller has waited already. */
  grace: number;
  /** Why this grace period. */
  reason: string;
}

const MINUTE = 60;

/**
 * Every symptom that is detected, with its grace period. An object can ask for more time than the table: a probe's own
 * delays, the age of a node.
 */
export const SYMPTOMS = {
  CrashLoopBackOff: {
    family: 'crash',
    faultType: 'CrashLoop',
    severity: 'critical',
    grace: 0,
    reason: 'the kubelet has restarted the container at least twice',
  },
  OOMKilled: {
    family: 'crash',
    faultType: 'OOMKilled',
    severity: 'warning',
    grace: 0,
    reason: 'the memory limit was reached; a restart does not change the limit',
  },
  ContainerFailed: {
    family: 'crash',
    faultType: 'PodCrash',
    severity: 'warning',
    grace: MINUTE,
    reason: 'the kubelet restarts the container, and the restart may succeed',
  },
  PodFailed: {
    family: 'crash',
    faultType: 'PodCrash',
    severity: 'warning',
    grace: 0,
    reason: 'nothing restarts the pod',
  },
  InvalidImageName: {
    family: 'image',
    faultType: 'ImagePull',
    severity: 'warning',
    grace: 0,
    reason: 'a name that cannot be parsed never becomes valid',
  },
  ImagePull: {
    family: 'image',
    faultType: 'ImagePull',
    severity: 'warning',
    grace: MINUTE,
    reason: 'a registry may fail once',
  },
  ContainerConfig: {
    family: 'config',
    faultType: 'ContainerConfigError',
    severity: 'warning',
    grace: MINUTE,
    reason: 'the ConfigMap or Secret may be created after the pod',
  },
  Unschedulable: {
    family: 'scheduling',
    faultType: 'Unschedulable',
    severity: 'warning',
    grace: MINUTE,
    reason: 'a node may be added, or another pod may end',
  },
  FailedMount: {
    family: 'volume',
    faultType: 'FailedMount',
    severity: 'warning',
    grace: MINUTE,
    reason: 'the kubelet tries again; the volume may be released elsewhere',
  },
  FailedAttachVolume: {
    family: 'volume',
    faultType: 'FailedAttachVolume',
    severity: 'warning',
    grace: MINUTE,
    reason: 'the volume may still be detached from another node',
  },
  ProvisioningFailed: {
    family: 'volume',
    faultType: 'ProvisioningFailed',
    severity: 'warning',
    grace: MINUTE,
    reason: 'the provisioner tries again',
  },
  VolumeLost: {
    family: 'volume',
    faultType: 'VolumeLost',
    severity: 'critical',
    grace: 0,
    reason: 'a claim whose volume is gone does not recover',
  },
  FailedCreatePodSandBox: {
    family: 'sandbox',
    faultType: 'FailedCreatePodSandBox',
    severity: 'warning',
    grace: MINUTE,
    reason: 'the network plug-in may be starting',
  },
  NotReady: {
    family: 'probe',
    faultType: 'ProbeFailure',
    severity: 'warning',
    grace: MINUTE,
    reason: 'beyond the delay of the probe or the limit of the startup probe, which are added',
  },
  Unhealthy: {
    family: 'probe',
    faultType: 'ProbeFailure',
    severity: 'warning',
    grace: MINUTE,
    reason: 'a probe may fail once',
  },
  PodRejected: {
    family: 'rejection',
    faultType: 'PodRejected',
    severity: 'warning',
    grace: 0,
    reason: 'the kubelet does not take a rejected pod again',
  },
  Evicted: {
    family: 'rejection',
    faultType: 'Evicted',
    severity: 'warning',
    grace: 0,
    reason: 'an evicted pod does not run again',
  },
  QuotaExceeded: {
    family: 'creation',
    faultType: 'QuotaExceeded',
    severity: 'critical',
    grace: 0,
    reason: 'the API server has refused the pod',
  },
  CreateRefused: {
    family: 'creation',
    faultType: 'FailedCreate',
    severity: 'critical',
    grace: 0,
    reason: 'admission has refused the pod',
  },
  FailedCreate: {
    family: 'creation',
    faultType: 'FailedCreate',
    severity: 'warning',
    grace: MINUTE,
    reason: 'the API server may be restarting',
  },
  RolloutFailed: {
    family: 'rollout',
    faultType: 'DeploymentFailure',
    severity: 'critical',
    grace: 0,
    reason: 'the controller has waited progressDeadlineSeconds',
  },
  RolloutStuck: {
    family: 'rollout',
    faultType: 'RolloutStuck',
    severity: 'warning',
    grace: 10 * MINUTE,
    reason: 'StatefulSets and DaemonSets have no deadline; this is the default of progressDeadlineSeconds',
  },
  JobFailed: {
    family: 'job',
    faultType: 'JobFailure',
    severity: 'critical',
    grace: 0,
    reason: 'all retries have failed',
  },
  JobStopped: {
    family: 'job',
    faultType: 'JobFailure',
    severity: 'warning',
    grace: 0,
    reason: 'its deadline or a failure policy has ended it',
  },
  MissedStart: {
    family: 'schedule',
    faultType: 'MissedStart',
    severity: 'warning',
    grace: 2 * MINUTE,
    reason: 'the controller looks at schedules every few seconds, and may be restarting',
  },
  CannotScale: {
    family: 'scaling',
    faultType: 'CannotScale',
    severity: 'warning',
    grace: 3 * MINUTE,
    reason: 'pods that have just started have no metrics yet',
  },
  NoEndpoints: {
    family: 'endpoints',
    faultType: 'NoEndpoints',
    severity: 'warning',
    grace: MINUTE,
    reason: 'the workload may be created after the Service',
  },
  PortMismatch: {
    family: 'endpoints',
    faultType: 'PortMismatch',
    severity: 'warning',
    grace: MINUTE,
    reason: 'Service and workload may be changed one after the other',
  },
  UnknownAddress: {
    family: 'endpoints',
    faultType: 'UnknownAddress',
    severity: 'warning',
    grace: MINUTE,
    reason: 'the Service may be created after the workload that calls it',
  },
  ScaledToZero: {
    family: 'endpoints',
    faultType: 'ScaledToZero',
    severity: 'info',
    grace: 5 * MINUTE,
    reason: 'a workload may be scaled down on purpose for a while, or for good',
  },
  NodeNotReady: {
    family: 'node',
    faultType: 'NodeUnhealthy',
    severity: 'critical',
    grace: MINUTE,
    reason: 'a kubelet may restart; a node younger than five minutes gets those, its network may be starting',
  },
  NodeUnknown: {
    family: 'node',
    faultType: 'NodeUnhealthy',
    severity: 'warning',
    grace: MINUTE,
    reason: 'the node controller has waited 40 s already; a network may fail for a moment',
  },
  NodePressure: {
    family: 'node',
    faultType: 'NodeUnhealthy',
    severity: 'warning',
    grace: MINUTE,
    reason: 'the kubelet may reclaim what it lacks',
  },
  QuotaUsedUp: {
    family: 'quota',
    faultType: 'QuotaUsedUp',
    severity: 'info',
    grace: 5 * MINUTE,
    reason:
      'a rollout uses more for a while; many quotas are meant to be full, and a refused pod is a fault of its own',
  },
  NamespaceStuck: {
    family: 'namespace',
    faultType: 'NamespaceStuck',
    severity: 'warning',
    grace: 5 * MINUTE,
    reason: 'finalizers and the graceful end of pods take their time',
  },
  CertificateExpiry: {
    family: 'certificate',
    faultType: 'CertificateExpiry',
    severity: 'warning',
    grace: 0,
    reason: 'the renewal is long overdue when it shows',
  },
  WarningEvent: {
    family: 'event',
    faultType: 'WarningEvent',
    severity: 'warning',
    grace: MINUTE,
    reason: 'a controller tries again; what is reported once only is over',
  },
} as const satisfies Record<string, SymptomRow>;
export type SymptomKind = keyof typeof SYMPTOMS;

/** Fault types of an event-emitting MCP server, each with the family of its symptom. */
const SERVER_TYPES: ReadonlyMap<string, SymptomFamily> = new Map([
  ['PodCrash', 'crash'],
  ['CrashLoop', 'crash'],
  ['NodeUnhealthy', 'node'],
  ['DeploymentFailure', 'rollout'],
  ['JobFailure', 'job'],
]);

/** The family of a fault that came with a type alone. */
export function familyOfType(faultType: string): SymptomFamily {
  const known = SERVER_TYPES.get(faultType);
  if (known) return known;
  const row = Object.values(SYMPTOMS).find((symptom) => symptom.faultType === faultType);
  return row?.family ?? 'event';
}
