import { deliveryOf } from '../deliveries.ts';
import type { EvidencePiece } from '../evidence.ts';
import type { EvidenceReader } from '../evidence-reader.ts';
import { builtInType } from '../resource-type.ts';
import type { ClusterView } from '../view/cluster-view.ts';
import type { Workload } from '../view/workload.ts';

/**
 * Reads what explains the state of a workload beside its objects: revisions of StatefulSets and DaemonSets, what delivers it (Argo
 * CD, Flux), usage where the cluster serves it, and the IngressClasses where the namespace has an Ingress.
 */
export async function readBackground(
  reader: EvidenceReader,
  view: ClusterView,
  namespace: string | undefined,
  workloads: Workload[],
): Promise<EvidencePiece[]> {
  const hasRevisions = workloads.some(({ kind }) => kind === 'StatefulSet' || kind === 'DaemonSet');
  const [first] = workloads;
  const delivery = first?.object && deliveryOf(first.object);
  const pieces = await Promise.all([
    hasRevisions && namespace !== undefined
      ? reader.listing(builtInType('ControllerRevision'), { namespace })
      : undefined,
    delivery && delivery.tool !== 'Helm' ? deliveredBy(reader, delivery) : undefined,
    namespace === undefined ? undefined : reader.usage(namespace),
    reader.usage(),
    view.all('Ingress', namespace).length > 0 ? reader.listing(builtInType('IngressClass')) : undefined,
  ]);
  return pieces.filter((piece) => piece !== undefined);
}

/** An object of a tool that the credentials may not read, or that lives elsewhere, is no gap: the labels name it. */
async function deliveredBy(reader: EvidenceReader, delivery: Parameters<EvidenceReader['object']>[1]) {
  const piece = await reader.object('dependency', delivery);
  return piece.type === 'gap' ? undefined : piece;
}
