import type { RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import { z } from 'zod';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Who watches a cluster. */
export const Lease = z.object({
  /** Id of the ingester. */
  owner: z.string(),
  /** Grows with every change of owner, over all clusters; what is written with an older one is refused. */
  token: z.number().int(),
  /** Milliseconds since the epoch, by Redis's clock. */
  expires_at: z.number(),
});
export type Lease = z.infer<typeof Lease>;

/** How things stood at one instant. */
export interface LeaseView {
  /** Milliseconds since the epoch, by Redis's clock. */
  now: number;
  /** Ids of the live ingesters that take clusters. */
  ingesters: string[];
  /** By cluster; those that were given back are missing. */
  leases: Map<string, Lease>;
}

/** What an ingester says of itself. */
export interface IngesterNews {
  /** The other ingesters shall take its clusters, and it gets no more of them. */
  leaving?: boolean;
  refused?: RefusedConfiguration | undefined;
}

/** Something that an ingester has to say about a cluster that it holds. */
export interface FencedValue {
  cluster: string;
  token: number;
  value: string;
}

export interface ClusterLeasesOptions {
  /** Of the ingester; no two may share it, not even one after the other. */
  id: string;
  /** How long a lease, and an ingester, counts as alive without a word, ms. */
  length?: number;
  /** Milliseconds since the epoch, instead of Redis's clock. */
  now?: () => number;
}

/** A dead ingester's clusters are free after this time, ms. */
export const LEASE_MS = 6_000;

const Beat = z.tuple([z.number(), z.array(z.string()), z.array(z.string())]);
const Tokens = z.array(z.number());

/**
 * The leases by which ingesters share the clusters, as one ingester sees them. Each method is one script, so that no two
 * ingesters ever get the same lease. All reject while Redis is away.
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

  constructor(context: StateContext, { id, length = LEASE_MS, now }: ClusterLeasesOptions) {
    this.id = id;
    this.length = length;
    this.#keys = context.keys;
    this.#now = () => (now ? String(now()) : '');
    this.#beat = defineScript(context, 'leases/lease-beat');
    this.#take = defineScript(context, 'leases/lease-take');
    this.#release = defineScript(context, 'leases/lease-release');
    this.#write = defineScript(context, 'leases/fenced-write');
  }

  /**
   * Says that this ingester lives, renews what it holds, and looks around.
   * @param held cluster to token; what was lost is not renewed, which the view shows
   */
  async beat(held: ReadonlyMap<string, number>, { leaving, refused }: IngesterNews = {}): Promise<LeaseView> {
    const { leases, ingesters, refusedConfigurations } = this.#keys;
    const [now, ids, flat] = Beat.parse(
      await this.#beat(
        [leases, ingesters, refusedConfigurations],
        [
          this.id,
          this.#now(),
          String(this.length),
          leaving ? '1' : '',
          refused ? JSON.stringify(refused) : '',
          ...pairs(held),
        ],
      ),
    );
    return { now, ingesters: ids, leases: new Map(parseLeases(flat)) };
  }

  /**
   * Takes leases, whoever holds them.
   * @param seen cluster to the token last seen, 0 for none: only a lease that is still as it was seen is taken
   * @returns the tokens of those that were taken
   */
  async take(seen: ReadonlyMap<string, number>): Promise<Map<string, number>> {
    if (seen.size === 0) return new Map();
    const { leases, leaseToken } = this.#keys;
    const reply = await this.#take([leases, leaseToken], [this.id, this.#now(), String(this.length), ...pairs(seen)]);
    const tokens = Tokens.parse(reply);
    const taken = [...seen.keys()].map((cluster, index): [string, number] => [cluster, tokens[index] ?? 0]);
    return new Map(taken.filter(([, token]) => token > 0));
  }

  /** Gives leases back, cluster to token; those that were lost are left alone. */
  async release(held: ReadonlyMap<string, number>): Promise<void> {
    if (held.size > 0) await this.#release([this.#keys.leases], [this.id, ...pairs(held)]);
  }

  /**
   * Writes to a hash by cluster, unless somebody else has taken the cluster since: an ingester that was paused cannot
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

/** Reads the flat reply of HGETALL on {@link StateKeys.leases}. */
function parseLeases(flat: string[]): [string, Lease][] {
  return Array.from({ length: flat.length / 2 }, (_, index): [string, Lease] => [
    flat[2 * index] ?? '',
    Lease.parse(JSON.parse(flat[2 * index + 1] ?? '')),
  ]);
}

function pairs(map: ReadonlyMap<string, number>): string[] {
  return [...map].flatMap(([cluster, token]) => [cluster, String(token)]);
}
