import type { RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import { z } from 'zod';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

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

/** What the signs of life of all ingesters show. Milliseconds since the epoch, by Redis's clock. */
export interface Pulses {
  now: number;
  /**
   * Until when the process of each live ingester that takes clusters counts as running. One of a version without signs of life is
   * missing.
   */
  runsUntil: ReadonlyMap<string, number>;
}

/** The status of an ingester, sent with its heartbeat. */
export interface IngesterStatus {
  /** Other ingesters shall take over its clusters, and it gets no new ones. */
  leaving?: boolean;
  refused?: RefusedConfiguration | undefined;
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

/** Part of the length of a lease for which an ingester counts as running after a sign of life: the time between two beats. */
export const PULSE_SHARE = 1 / 3;
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
const PulseReply = z
  .tuple([z.number(), z.array(z.string()), z.array(z.string())])
  .transform(([now, flat, live]): Pulses => {
    const times = new Map(pairsOf(flat).map(([id, time]) => [id, Number(time)]));
    return { now, runsUntil: new Map([...times].filter(([id]) => live.includes(id))) };
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
  readonly #beat: LuaScript;
  readonly #take: LuaScript;
  readonly #release: LuaScript;
  readonly #write: LuaScript;
  readonly #pulse: LuaScript;
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
    this.#beat = defineScript(context, 'leases/lease-beat');
    this.#take = defineScript(context, 'leases/lease-take');
    this.#release = defineScript(context, 'leases/lease-release');
    this.#write = defineScript(context, 'leases/fenced-write');
    this.#pulse = defineScript(context, 'leases/ingester-pulse');
  }

  /**
   * Records a heartbeat, renews the leases that this ingester holds, and returns all leases. Redis sends those that have changed
   * since the call before.
   * @param held cluster to token; a lost lease is not renewed, which the result shows
   */
  async beat(held: ReadonlyMap<string, number>, status: IngesterStatus = {}): Promise<LeaseView> {
    const since = this.#version === undefined ? '' : String(this.#version);
    const { now, ingesters, leases, isAll, count, version, owners } = await this.#send(held, status, since);
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

  /** Records a heartbeat and renews the leases that this ingester holds, as {@link beat} does. */
  async renew(held: ReadonlyMap<string, number>, status: IngesterStatus = {}): Promise<void> {
    await this.#send(held, status, '-');
  }

  /** Notes that the process of this ingester runs, for {@link PULSE_SHARE} of a lease, and returns until when the others do. */
  async pulse(): Promise<Pulses> {
    const { ingesterPulse, ingesters } = this.#keys;
    const reply = await this.#pulse(
      [ingesterPulse, ingesters],
      [this.id, this.#now(), String(this.length * PULSE_SHARE)],
    );
    return PulseReply.parse(reply);
  }

  async #send(
    held: ReadonlyMap<string, number>,
    { leaving, refused }: IngesterStatus,
    since: string,
  ): Promise<z.infer<typeof Beat>> {
    const { leases, ingesters, refusedConfigurations, leaseOwners, leaseLog, leaseToken } = this.#keys;
    const reply = await this.#beat(
      [leases, ingesters, refusedConfigurations, leaseOwners, leaseLog, leaseToken],
      [
        this.id,
        this.#now(),
        String(this.length),
        leaving ? '1' : '',
        refused ? JSON.stringify(refused) : '',
        since,
        ...pairs(held),
      ],
    );
    return Beat.parse(reply);
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

function pairs(map: ReadonlyMap<string, number>): string[] {
  return [...map].flatMap(([cluster, token]) => [cluster, String(token)]);
}
