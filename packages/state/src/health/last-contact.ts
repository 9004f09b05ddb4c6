import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { ClusterLeases } from '../leases/cluster-leases.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Until when a cluster was watched, and how long it was not. */
export const LastContact = z.object({
  /** Milliseconds since the epoch. */
  at: z.number(),
  /** All gaps since the first contact together, ms. */
  blindMs: z.number(),
});
export type LastContact = z.infer<typeof LastContact>;

/** What an ingester remembers of a cluster. */
export interface HeldContact {
  cluster: string;
  /** Of its lease on the cluster. */
  token: number;
  contact: LastContact;
}

/** An incident of this fault, seen at this time or later. */
export interface Sighting {
  fingerprint: string;
  /** Milliseconds since the epoch; 0: at any time. */
  since: number;
}

/**
 * What the ingesters must know of each other's past, so that no fault goes by unseen and none is investigated again:
 * the last contact with each cluster, and when each fault that has an incident was seen last. All methods reject while
 * Redis is away.
 */
export class LastContacts {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Undefined: the cluster was never watched, or what is remembered is unreadable. */
  async read(cluster: string): Promise<LastContact | undefined> {
    const text = await this.#redis.hget(this.#keys.lastContacts, cluster);
    return text === null ? undefined : parse(text);
  }

  /** Replaces the contacts of these clusters, but for those that somebody else has taken since. */
  async write(leases: ClusterLeases, contacts: HeldContact[]): Promise<void> {
    const values = contacts.map(({ cluster, token, contact }) => ({ cluster, token, value: JSON.stringify(contact) }));
    await leases.write(this.#keys.lastContacts, values);
  }

  /** Whether there was an incident for each of these. Admission remembers them for as long as incidents are kept. */
  async known(cluster: string, sightings: Sighting[]): Promise<boolean[]> {
    if (sightings.length === 0) return [];
    const keys = sightings.map(({ fingerprint }) => this.#keys.fault(cluster, fingerprint));
    const claims = await this.#redis.mget(keys);
    return sightings.map(({ since }, index) => {
      const [, seenAt = '0'] = claims[index]?.split(' ') ?? [];
      return Number(seenAt) >= Math.max(since, 1);
    });
  }
}

function parse(text: string): LastContact | undefined {
  try {
    return LastContact.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
