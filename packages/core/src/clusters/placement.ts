import { hash } from 'node:crypto';

/**
 * Ranks the ingesters for a cluster by rendezvous hashing; the first one should hold its lease. Each cluster has a ranking
 * of its own. When an ingester stops, its clusters are spread over all others; when one starts, it receives a share from
 * all others; no other cluster moves.
 */
export function rankIngesters(cluster: string, ingesters: readonly string[]): string[] {
  return ingesters
    .map((id) => ({ id, weight: hash('sha256', `${cluster}\n${id}`, 'hex') }))
    .toSorted((a, b) => (a.weight < b.weight ? 1 : -1))
    .map(({ id }) => id);
}
