import { type ClusterObjects, referenceTo } from '../objects/cluster-objects.ts';
import type {
  Certificate,
  HorizontalPodAutoscaler,
  Namespace,
  Node,
  PersistentVolumeClaim,
  ResourceQuota,
} from '../objects/kinds.ts';
import { workloadOfObject } from '../objects/owners.ts';
import { quantityOf } from '@nightcrier/core/kubernetes/quantity';
import { conditionOf, describeCondition, latestOf, type Symptom, timeOf } from '../symptom.ts';
import type { Workload } from '@nightcrier/core/problems/problem-key';

const NODE_PRESSURES = new Set(['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable']);
/** A node that joins is not ready until its network plug-in runs. */
const YOUNG_NODE_MS = 5 * 60_000;

export function nodeSymptoms({ metadata, status }: Node, objects: ClusterObjects): Symptom[] {
  if (metadata.deletionTimestamp) return [];
  const conditions = status?.conditions ?? [];
  const ready = conditionOf(conditions, 'Ready');
  const unready = ready && ready.status !== 'True' ? [ready] : [];
  const pressures = conditions.filter(({ type, status }) => NODE_PRESSURES.has(type) && status === 'True');
  const [first] = [...unready, ...pressures];
  if (!first) return [];
  const since = timeOf(first.lastTransitionTime);
  const grownUp = (timeOf(metadata.creationTimestamp) ?? 0) + YOUNG_NODE_MS;
  return [
    {
      kind: first.type !== 'Ready' ? 'NodePressure' : first.status === 'False' ? 'NodeNotReady' : 'NodeUnknown',
      resource: referenceTo('nodes', metadata),
      workload: workloadOfObject('Node', metadata, objects),
      context: [...unready, ...pressures].map(describeCondition).join('\n'),
      since,
      // The table's own minute included: a young node is due when it is five minutes old.
      ...(since !== undefined && { extraGrace: Math.max(0, grownUp - since - 60_000) }),
      course: 'now',
    },
  ];
}

/** A claim that waits for its volume is judged by its Events: it may wait for its first consumer. */
export function claimSymptoms({ metadata, status }: PersistentVolumeClaim, objects: ClusterObjects): Symptom[] {
  if (metadata.deletionTimestamp || status?.phase !== 'Lost') return [];
  return [
    {
      kind: 'VolumeLost',
      resource: referenceTo('persistentvolumeclaims', metadata),
      workload: workloadOfClaim(metadata, objects),
      context: 'The volume of the claim no longer exists (phase Lost)',
      since: undefined,
      course: 'now',
    },
  ];
}

/** A claim belongs to the workload whose pods use it. */
export function workloadOfClaim(metadata: PersistentVolumeClaim['metadata'], objects: ClusterObjects): Workload {
  for (const pod of objects.podsOf(metadata.namespace)) {
    const claims = pod.spec?.volumes?.map((volume) => volume.persistentVolumeClaim?.claimName);
    if (claims?.includes(metadata.name)) return workloadOfObject('Pod', pod.metadata, objects);
  }
  return workloadOfObject('PersistentVolumeClaim', metadata, objects);
}

export function autoscalerSymptoms({ metadata, spec, status }: HorizontalPodAutoscaler): Symptom[] {
  const failed = status?.conditions?.find(
    ({ type, status, reason }) =>
      status === 'False' && (type === 'AbleToScale' || (type === 'ScalingActive' && reason !== 'ScalingDisabled')),
  );
  if (!failed || metadata.deletionTimestamp) return [];
  const target = spec?.scaleTargetRef?.name;
  return [
    {
      kind: 'CannotScale',
      resource: referenceTo('horizontalpodautoscalers', metadata),
      workload: {
        ...(metadata.namespace && { namespace: metadata.namespace }),
        name: target ?? `HorizontalPodAutoscaler/${metadata.name}`,
      },
      context: describeCondition(failed),
      since: timeOf(failed.lastTransitionTime),
      course: 'now',
    },
  ];
}

export function quotaSymptoms({ metadata, status }: ResourceQuota, objects: ClusterObjects): Symptom[] {
  const { hard = {}, used = {} } = status ?? {};
  const full = Object.entries(hard ?? {}).filter(([name, limit]) => {
    const [most, now] = [quantityOf(limit), quantityOf(used?.[name] ?? '')];
    return most !== undefined && now !== undefined && most > 0 && now >= most;
  });
  if (metadata.deletionTimestamp || full.length === 0) return [];
  return [
    {
      kind: 'QuotaUsedUp',
      resource: referenceTo('resourcequotas', metadata),
      workload: workloadOfObject('ResourceQuota', metadata, objects),
      context: `Used up: ${full.map(([name, limit]) => `${name} (${used?.[name]} of ${limit})`).join(', ')}`,
      since: undefined,
      course: 'now',
    },
  ];
}

export function namespaceSymptoms({ metadata, status }: Namespace): Symptom[] {
  const since = timeOf(metadata.deletionTimestamp);
  if (since === undefined) return [];
  const remaining = (status?.conditions ?? []).filter(({ status }) => status === 'True').map(describeCondition);
  return [
    {
      kind: 'NamespaceStuck',
      resource: referenceTo('namespaces', metadata),
      workload: { name: `Namespace/${metadata.name}` },
      context: ['The namespace is being deleted', ...remaining].join('\n'),
      since,
      course: 'now',
    },
  ];
}

const DAY_MS = 86_400_000;

/** A certificate near its end, by cert-manager's status: a symptom that begins in the future, unless it is renewed. */
export function certificateSymptoms({ metadata, status }: Certificate, objects: ClusterObjects): Symptom[] {
  const end = timeOf(status?.notAfter);
  if (metadata.deletionTimestamp || end === undefined) return [];
  const life = end - (timeOf(status?.notBefore) ?? end - 90 * DAY_MS);
  // Seven days, less for short-lived ones, and never before the renewal is due.
  const since = latestOf([end - Math.min(7 * DAY_MS, life / 5), timeOf(status?.renewalTime)]);
  const ready = conditionOf(status?.conditions, 'Ready');
  return [
    {
      kind: 'CertificateExpiry',
      resource: referenceTo('certificates', metadata),
      workload: workloadOfObject('Certificate', metadata, objects),
      context: [`The certificate expires at ${status?.notAfter}`, ...(ready ? [describeCondition(ready)] : [])].join(
        '\n',
      ),
      since,
      course: 'now',
    },
  ];
}
