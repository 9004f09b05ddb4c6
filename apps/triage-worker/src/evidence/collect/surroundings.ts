import type { EvidenceGap, ListPiece } from '../evidence.ts';
import type { EvidenceReader } from '../evidence-reader.ts';
import { builtInType, type KnownKind } from '../resource-type.ts';

/** What a namespace is listed for. Secrets are not in it: the kubelet names those that are missing. */
const IN_NAMESPACE = [
  'Pod',
  'Service',
  'EndpointSlice',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'PersistentVolumeClaim',
  'ResourceQuota',
  'LimitRange',
  'CronJob',
  'HorizontalPodAutoscaler',
  'Ingress',
  'ServiceAccount',
  'NetworkPolicy',
  'Event',
] as const satisfies KnownKind[];

/** Everything in the namespace of the fault that may belong to it: one page of each kind, in parallel. */
export async function listNamespace(reader: EvidenceReader, namespace: string): Promise<(ListPiece | EvidenceGap)[]> {
  return Promise.all(IN_NAMESPACE.map(async (kind) => reader.listing(builtInType(kind), { namespace })));
}

/** The nodes, and what is reported about them. */
export async function listNodes(reader: EvidenceReader): Promise<(ListPiece | EvidenceGap)[]> {
  return Promise.all([
    reader.listing(builtInType('Node')),
    reader.listing(builtInType('Event'), { namespace: 'default', fieldSelector: 'involvedObject.kind=Node' }),
  ]);
}

/** Volumes and their classes: for a claim that is not bound. */
export async function listVolumes(reader: EvidenceReader): Promise<(ListPiece | EvidenceGap)[]> {
  return Promise.all([reader.listing(builtInType('PersistentVolume')), reader.listing(builtInType('StorageClass'))]);
}

/** What runs the cluster itself: DNS, network, proxy, scheduler, and the leases of the nodes. */
export async function listSystem(reader: EvidenceReader): Promise<(ListPiece | EvidenceGap)[]> {
  return Promise.all([
    reader.listing(builtInType('Pod'), { namespace: 'kube-system' }),
    reader.listing(builtInType('Service'), { namespace: 'kube-system' }),
    reader.listing(builtInType('Lease'), { namespace: 'kube-system' }),
    reader.listing(builtInType('Lease'), { namespace: 'kube-node-lease' }),
  ]);
}

/** What a name in another namespace can lead to. */
const IN_OTHER_NAMESPACE = [
  'Pod',
  'Service',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'ResourceQuota',
  'NetworkPolicy',
  'Event',
] as const satisfies KnownKind[];

/** What may explain why something in another namespace does not answer. */
export async function listOtherNamespace(
  reader: EvidenceReader,
  namespace: string,
): Promise<(ListPiece | EvidenceGap)[]> {
  return Promise.all(IN_OTHER_NAMESPACE.map(async (kind) => reader.listing(builtInType(kind), { namespace })));
}
