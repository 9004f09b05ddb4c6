import type { EvidencePiece } from '../evidence.ts';
import type { EvidenceReader } from '../evidence-reader.ts';
import { builtInType } from '../resource-type.ts';
import { configuredAddresses } from '../view/addresses.ts';
import type { ClusterView } from '../view/cluster-view.ts';
import type { Workload } from '../view/workload.ts';
import { addressesComplainedAbout } from './choose-logs.ts';
import { listOtherNamespace } from './surroundings.ts';

const MOST_NAMESPACES = 2;
/** `db.data.svc`, `db.data.svc.cluster.local`, `pod-0.db.data.svc…`. */
const OF_SERVICE = /^(?:[a-z0-9-]{1,63}\.){1,2}([a-z0-9-]{1,63})\.svc(?:\.|$)/;
/** `db.data`, which is a Service of another namespace or a domain. */
const TWO_LABELS = /^[a-z0-9-]{1,63}\.([a-z0-9-]{1,63})$/;

/** Reads the namespaces of Services that the workloads are configured with or complain about. */
export async function readOtherNamespaces(
  reader: EvidenceReader,
  view: ClusterView,
  own: string | undefined,
  workloads: Workload[],
): Promise<EvidencePiece[]> {
  if (own === undefined) return [];
  const hosts = workloads
    .slice(0, 2)
    .flatMap((workload) => [...addressesComplainedAbout(view, workload), ...configuredAddresses(workload)])
    .map(({ host }) => host.toLowerCase());
  const certain = hosts.flatMap((host) => OF_SERVICE.exec(host)?.[1] ?? []);
  const possible = hosts.flatMap((host) => TWO_LABELS.exec(host)?.[1] ?? []).filter((name) => /[a-z]/.test(name));
  const pieces: EvidencePiece[] = [];
  const existing = new Set<string>();
  if (possible.some((name) => name !== own)) {
    const namespaces = await reader.listing(builtInType('Namespace'));
    if (namespaces.type === 'list') for (const { metadata } of namespaces.objects) existing.add(metadata?.name ?? '');
  }
  const wanted = new Set([...certain, ...possible.filter((name) => existing.has(name))].filter((name) => name !== own));
  const lists = await Promise.all(
    [...wanted].slice(0, MOST_NAMESPACES).map(async (namespace) => listOtherNamespace(reader, namespace)),
  );
  return [...pieces, ...lists.flat()];
}
