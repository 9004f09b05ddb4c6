import type { FaultEvent, ResourceReference } from './fault.ts';

/** Values of `grouping`: which faults of one type share an incident. */
export const GROUPINGS = ['workload', 'resource', 'none'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/**
 * Returns the key of a fault's group within its cluster. Faults with the same key share an incident while it is queued or
 * investigated. Undefined: the fault is investigated separately.
 */
export function groupKey({ faultType, resource }: FaultEvent, grouping: Grouping): string | undefined {
  switch (grouping) {
    case 'workload':
      return keyOf(resource.namespace, workloadOf(resource), faultType);
    case 'resource':
      return keyOf(resource.namespace, `${resource.kind}/${resource.name}`, faultType);
    case 'none':
      return undefined;
    default:
      return grouping satisfies never;
  }
}

/** The alphabet of generated name parts in Kubernetes: no vowels, and no 0, 1 or 3. */
const GENERATED = '[bcdfghjklmnpqrstvwxz2456789]';
/** The hash in the name of a ReplicaSet: from the alphabet above, or any with at least one digit. */
const HASH = `(?:${GENERATED}{6,10}|(?=[a-z]*[0-9])[a-z0-9]{6,10})`;
/** `cart-7d4b9c8f6d-x2vbq`: a pod of a ReplicaSet. */
const OF_REPLICA_SET = new RegExp(`^(.+)-${HASH}-[a-z0-9]{5}$`);
/** `backup-28412345-x2vbq`: a pod of a CronJob's Job, whose suffix is its time in minutes. */
const OF_CRON_JOB = /^(.+)-[0-9]{8,10}-[a-z0-9]{5}$/;
/** `migrate-0-x2vbq`: a pod of an indexed Job. */
const OF_INDEXED_JOB = new RegExp(`^(.+)-[0-9]{1,5}-${GENERATED}{5}$`);
/** `fluentd-x2vbq`: a pod of a Job or DaemonSet. */
const OF_CONTROLLER = new RegExp(`^(.+)-${GENERATED}{5}$`);
/** `db-0`: a pod of a StatefulSet. */
const OF_STATEFUL_SET = /^(.+)-[0-9]{1,5}$/;

const POD_NAMES = [OF_CRON_JOB, OF_REPLICA_SET, OF_INDEXED_JOB, OF_CONTROLLER, OF_STATEFUL_SET];
const REPLICA_SET_NAME = new RegExp(`^(.+)-${HASH}$`);
const CRON_JOB_NAME = /^(.+)-[0-9]{8,10}$/;

/**
 * Derives the workload of a resource from its name: a Pod, ReplicaSet or Job without the suffix that its controller
 * generated. Other kinds are their own workload, written `Kind/name`.
 */
export function workloadOf({ kind, name }: ResourceReference): string {
  switch (kind) {
    case 'Pod':
      return firstMatch(POD_NAMES, name);
    case 'ReplicaSet':
      return firstMatch([REPLICA_SET_NAME], name);
    case 'Job':
      return firstMatch([CRON_JOB_NAME], name);
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'CronJob':
      return name;
    default:
      return `${kind}/${name}`;
  }
}

function firstMatch(patterns: RegExp[], name: string): string {
  for (const pattern of patterns) {
    const [, workload] = pattern.exec(name) ?? [];
    if (workload !== undefined) return workload;
  }
  return name;
}

/** Encodes the parts, so that a name with a slash, which Kubernetes does not allow but a server may send, cannot collide with another group. */
function keyOf(...parts: (string | undefined)[]): string {
  return parts.map((part) => encodeURIComponent((part ?? '').toWellFormed())).join('/');
}
