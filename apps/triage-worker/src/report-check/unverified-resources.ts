import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import { EvidenceReader } from '../evidence/evidence-reader.ts';
import type { Claim } from '../claim.ts';
import type { NamedResource } from '../report/named-resources.ts';
import type { TriageContext } from '../triage-context.ts';

/** Of the objects that nothing recorded names, this many are looked up in the cluster. */
const MOST_LOOKUPS = 10;
const LOOKUP_TIMEOUT_MS = 5_000;
/** The content of these is never read. */
const NEVER_READ: ReadonlySet<string> = new Set(['Secret', 'ConfigMap']);
const OF_CLUSTER: ReadonlySet<string> = new Set(['Node', 'PersistentVolume', 'StorageClass', 'Namespace']);
/** Percent that the confidence loses for each unverified object, and at most. */
const PENALTY = 20;
const MOST_PENALTY = 40;

/** Of the objects that a report names, those that neither the recorded text nor the cluster has. */
export async function unverifiedResources(
  named: NamedResource[],
  recorded: ReadonlySet<string>,
  { incident, kubeconfig }: Claim,
  { clients, signal }: Pick<TriageContext, 'clients' | 'signal'>,
): Promise<NamedResource[]> {
  const unique = new Map(named.map((it) => [`${it.kind}/${it.name}`, it]));
  const unknown = [...unique.values()].filter(({ name }) => !recorded.has(name));
  if (unknown.length === 0) return [];
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)]);
  const own = incident.cluster_event.event.resource.namespace;
  const exists = await Promise.all(
    unknown.map(async ({ kind, name, namespace = own }, index) => {
      if (index >= MOST_LOOKUPS || NEVER_READ.has(kind)) return false;
      try {
        const reader = new EvidenceReader(await clients.open(kubeconfig), () => new Date(), deadline);
        const reference = { apiVersion: 'v1', kind, name, ...(!OF_CLUSTER.has(kind) && namespace && { namespace }) };
        return (await reader.object('dependency', reference)).type === 'object';
      } catch {
        // The cluster does not answer: what was not recorded stays unverified.
        return false;
      }
    }),
  );
  signal.throwIfAborted();
  return unknown.filter((_, index) => exists[index] !== true);
}

/** Lists the objects in the report, and reduces its confidence. */
export function markUnverified(
  outcome: Extract<TriageOutcome, { kind: 'reported' }>,
  unverified: NamedResource[],
): TriageOutcome {
  const { report, markdown } = outcome;
  const penalty = Math.min(MOST_PENALTY, PENALTY * unverified.length);
  const items = unverified.map(
    ({ kind, name, namespace }) => `- ${kind} \`${namespace === undefined ? '' : `${namespace}/`}${name}\``,
  );
  const note = `## Unverified\n\nThe report names objects that neither the recorded output nor the cluster has. Its confidence was reduced by ${penalty} %.\n\n${items.join('\n')}`;
  return {
    ...outcome,
    markdown: `${markdown.trimEnd()}\n\n${note}\n`,
    report: {
      ...report,
      ...(report.confidence !== undefined && { confidence: Math.max(0, report.confidence - penalty) }),
      unverified,
    },
  };
}
