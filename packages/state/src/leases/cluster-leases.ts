import { z } from 'zod';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';
import { Heartbeat, type IngesterStatus, pairs, type Pulses } from './heartbeat.ts';

/** The right of one ingester to watch a cluster. */
export const Lease = z.object({
  /** Id of the ingester. */
  owner: z.string(),
  /** Fencing token: grows with every change of owner, over all clusters. A write with an older one is refused. */
  token: z.number().int(),
  /** Milliseconds since the epoch, by Redis's clock. */
  expires_at: z.number(),
});
export type Lease = z.infer<typeof Lease>;

/** A snapshot of all leases, valid until the next one. */
export interface LeaseView {
  /** Milliseconds since the epoch, by Redis's clock. */
  now: number;
  /** Ids of the live ingesters that take clusters. */
  ingesters: string[];
  /** Ids of the live ingesters, also of those that leave. */
  owners: string[];
  /** By cluster; released leases are missing. */
  leases: ReadonlyMap<string, Lease>;
  /** Clusters whose leases may have another owner than in the snapshot before; undefined: any. */
  changed: readonly string[] | undefined;
}

/** A value that an ingester writes about a cluster that it holds. */
export interface FencedValue {
  cluster: string;
  token: number;
  value: string;
}

export interface ClusterLeasesOptions {
  /** Id of the ingester, which no other one may use, not even later. */
  id: string;
  /** Time after its last heartbeat for which an ingester counts as alive and its leases are valid, ms. */
  length?: number;
  /** Milliseconds since the epoch, instead of Redis's clock. */
  now?: () => number;
}

/** The clusters of a dead ingester are free after this time, ms. */
export const LEASE_MS = 6_000;

/** All leases are read again after this time, ms, whatever the log of changes tells. */
const REREAD_MS = 60_000;

const Beat = z
  .tuple([
    z.number(),
    z.array(z.string()),
    z.array(z.string()),
    z.number(),
    z.number(),
    z.number(),
    z.array(z.string()),
  ])
  .transform(([now, ingesters, leases, all, count, version, owners]) => {
    return { now, ingesters, leases: pairsOf(leases), isAll: all === 1, count, version, owners: pairsOf(owners) };
  });
const Tokens = z.array(z.number());

/**
 * The leases by which ingesters share the clusters, for one ingester. Each method is one script, so that no two ingesters get
 * the same lease. All methods reject while Redis is unreachable.
 */
export class ClusterLeases {
  readonly id: string;
  readonly length: number;
  readonly #keys: StateKeys;
  readonly #now: () => string;
  readonly #heartbeat: Heartbeat;
  readonly #take: LuaScript;
  readonly #release: LuaScript;
  readonly #write: LuaScript;
  /** As of the last beat. */
  readonly #leases = new Map<string, Lease>();
  /** Of the leases; undefined: all of them are read with the next beat. */
  #version: number | undefined;
  #readAt = 0;

  constructor(context: StateContext, { id, length = LEASE_MS, now }: ClusterLeasesOptions) {
    this.id = id;
    this.length = length;
    this.#keys = context.keys;
    this.#now = () => (now ? String(now()) : '');
    this.#heartbeat = new Heartbeat(context, { id, length, now });
    this.#take = defineScript(context, 'leases/lease-take');
    this.#release = defineScript(context, 'leases/lease-release');
    this.#write = defineScript(context, 'leases/fenced-write');
  }

  /**
   * Records a heartbeat, renews the leases that this ingester holds, and returns all leases. Redis sends those that have changed
   * since the call before.
   * @param held cluster to token; a lost lease is not renewed, which the result shows
   */
  async beat(held: ReadonlyMap<string, number>, status: IngesterStatus = {}): Promise<LeaseView> {
    const since = this.#version === undefined ? '' : String(this.#version);
    const { now, ingesters, leases, isAll, count, version, owners } = Beat.parse(
      await this.#heartbeat.beat(held, status, since),
    );
    if (isAll) {
      this.#leases.clear();
      this.#readAt = now;
    }
    for (const [cluster, text] of leases) {
      const lease = text === '' ? undefined : parseLease(text);
      if (lease) this.#leases.set(cluster, lease);
      else this.#leases.delete(cluster);
    }
    const expiries = new Map(owners.map(([id, time]) => [id, Number(time)]));
    let isReliable = (isAll || this.#leases.size === count) && now - this.#readAt < REREAD_MS;
    for (const lease of this.#leases.values()) {
      // Each beat of an ingester renews all that it holds. One of a version without the log is known by its leases alone.
      const expiry = expiries.get(lease.owner);
      if (expiry === undefined) isReliable = false;
      else if (expiry > lease.expires_at) lease.expires_at = expiry;
    }
    this.#version = isReliable ? version : undefined;
    const changed = isAll ? undefined : leases.map(([cluster]) => cluster);
    return { now, ingesters, owners: [...expiries.keys()], leases: this.#leases, changed };
  }

  /** Notes that the process of this ingester runs, see {@link Heartbeat}. */
  async pulse(): Promise<Pulses> {
    return this.#heartbeat.pulse();
  }

  /**
   * Takes leases from their owners.
   * @param seen cluster to the token last seen, 0 for none: a lease that has changed since is not taken
   * @returns cluster to token of the leases that were taken
   */
  async take(seen: ReadonlyMap<string, number>): Promise<Map<string, number>> {
    if (seen.size === 0) return new Map();
    const { leases, leaseToken, leaseLog } = this.#keys;
    const reply = await this.#take(
      [leases, leaseToken, leaseLog],
      [this.id, this.#now(), String(this.length), ...pairs(seen)],
    );
    const tokens = Tokens.parse(reply);
    const taken = [...seen.keys()].map((cluster, index): [string, number] => [cluster, tokens[index] ?? 0]);
    return new Map(taken.filter(([, token]) => token > 0));
  }

  /** Releases leases, cluster to token; lost ones stay as they are. */
  async release(held: ReadonlyMap<string, number>): Promise<void> {
    const { leases, leaseToken, leaseLog } = this.#keys;
    if (held.size > 0) await this.#release([leases, leaseToken, leaseLog], [this.id, ...pairs(held)]);
  }

  /**
   * Writes to a hash by cluster, unless another ingester has taken the cluster over: an ingester that was paused cannot
   * overwrite what its successor wrote.
   * @param hash of {@link StateKeys}
   * @returns how many of the values were refused
   */
  async write(hash: string, values: FencedValue[]): Promise<number> {
    if (values.length === 0) return 0;
    const args = values.flatMap(({ cluster, token, value }) => [cluster, String(token), value]);
    return z.number().parse(await this.#write([this.#keys.leases, hash], [this.id, ...args]));
  }
}

function pairsOf(flat: string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index] ?? '', flat[2 * index + 1] ?? '']);
}

/** A damaged lease is none: the ingester that takes the cluster replaces it. */
function parseLease(text: string): Lease | undefined {
  try {
    return Lease.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
