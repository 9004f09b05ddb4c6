import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { ClusterLeases } from '../leases/cluster-leases.ts';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

const BlindKind = z.object({
  kind: z.string(),
  by: z.enum(['mcp', 'kubernetes']),
  reason: z.string(),
  since: z.number().optional(),
  blindMs: z.number(),
});

/** Until when a cluster was watched, and for how long it was not. */
export const LastContact = z.object({
  /** Milliseconds since the epoch. */
  at: z.number(),
  /** Sum of all gaps since the first contact, ms. */
  blindMs: z.number(),
  /** When the last scan of the whole cluster began, ms since the epoch; missing in values of earlier versions. */
  scannedAt: z.number().optional(),
  /** Kinds that could not be listed then; missing in values of earlier versions. One that cannot be read costs no contact. */
  blindKinds: z.array(BlindKind).optional().catch(undefined),
  /** Whether the MCP server keeps sessions; missing in values of earlier versions, which ask each server. */
  hasSessions: z.boolean().optional().catch(undefined),
});
export type LastContact = z.infer<typeof LastContact>;

/** The last contact of a cluster that an ingester holds. */
export interface HeldContact {
  cluster: string;
  /** Fencing token of its lease on the cluster. */
  token: number;
  contact: LastContact;
}

/** A question: was this fault seen at this time or later? */
export interface Sighting {
  fingerprint: string;
  /** Milliseconds since the epoch; 0: at any time. */
  since: number;
}

/**
 * What ingesters need for a resync, so that it misses no fault and reports none again: the last contact with each cluster, and
 * when each fault that has an incident was last seen. All methods reject while Redis is unreachable.
 */
export class LastContacts {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Returns the last contact, undefined if the cluster was never watched or the stored value is unreadable. */
  async read(cluster: string): Promise<LastContact | undefined> {
    const text = await ifReadable(this.#redis.hget(this.#keys.lastContacts, cluster), null);
    return text === null ? undefined : parse(text);
  }

  /** Replaces the contacts of these clusters, except those that another ingester has taken over. */
  async write(leases: ClusterLeases, contacts: HeldContact[]): Promise<void> {
    const values = contacts.map(({ cluster, token, contact }) => ({ cluster, token, value: JSON.stringify(contact) }));
    await leases.write(this.#keys.lastContacts, values);
  }

  /** Returns for each fault whether an incident has it since that time, as long as incidents are kept. */
  async known(cluster: string, sightings: Sighting[]): Promise<boolean[]> {
    if (sightings.length === 0) return [];
    const keys = sightings.map(({ fingerprint }) => this.#keys.fault(cluster, fingerprint));
    const owners = await this.#redis.mget(keys);
    return sightings.map(({ since }, index) => {
      const [, seenAt = '0'] = owners[index]?.split(' ') ?? [];
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
