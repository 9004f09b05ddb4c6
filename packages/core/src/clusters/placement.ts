import { createHash } from 'node:crypto';

/**
 * Who should hold a cluster: the ingesters in the order of their claim to it, the first of which should. Rendezvous
 * hashing: each cluster ranks the ingesters in an order of its own, so that an ingester that goes leaves its share to all
 * others, one that comes gets a share from all others, and no other cluster moves.
 */
export function rankIngesters(cluster: string, ingesters: readonly string[]): string[] {
  return ingesters
    .map((id) => ({ id, weight: createHash('sha256').update(`${cluster}\n${id}`).digest('hex') }))
    .toSorted((a, b) => (a.weight < b.weight ? 1 : -1))
    .map(({ id }) => id);
}
