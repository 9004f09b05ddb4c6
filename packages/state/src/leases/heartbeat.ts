import type { RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The status of an ingester, sent with its heartbeat. */
export interface IngesterStatus {
  /** Other ingesters shall take over its clusters, and it gets no new ones. */
  leaving?: boolean;
  refused?: RefusedConfiguration | undefined;
}

/** What the signs of life of all ingesters show. Milliseconds since the epoch, by Redis's clock. */
export interface Pulses {
  now: number;
  /**
   * Until when the process of each ingester counts as running, also of those that ended some minutes ago. One of a version without
   * signs of life is missing.
   */
  runsUntil: ReadonlyMap<string, number>;
  /** The ingesters whose connection to Redis is open, see `showConnection`; those of older versions show none. */
  connected: ReadonlySet<string>;
}

export interface HeartbeatOptions {
  /** Id of the ingester, which no other one may use, not even later. */
  id: string;
  /** Time after its last heartbeat for which an ingester counts as alive and its leases are valid, ms. */
  length: number;
  /** Milliseconds since the epoch, instead of Redis's clock. */
  now?: (() => number) | undefined;
}

/** Part of the length of a lease for which an ingester counts as running after a sign of life: the time between two beats. */
export const PULSE_SHARE = 1 / 3;
/** In place of a version: the ingester needs no leases. */
const NO_LEASES = '-';

/**
 * Keeps an ingester alive in Redis. The lease thread needs no more of the leases than this; it loads no schemas, which would take
 * 8 MB in each ingester.
 */
export class Heartbeat {
  readonly #id: string;
  readonly #length: number;
  readonly #keys: StateKeys;
  readonly #now: () => string;
  readonly #beat: LuaScript;
  readonly #pulse: LuaScript;

  constructor(context: Pick<StateContext, 'redis' | 'keys' | 'bullmq'>, { id, length, now }: HeartbeatOptions) {
    this.#id = id;
    this.#length = length;
    this.#keys = context.keys;
    this.#now = () => (now ? String(now()) : '');
    this.#beat = defineScript(context, 'leases/lease-beat');
    this.#pulse = defineScript(context, 'leases/ingester-pulse');
  }

  /**
   * Notes that the process of this ingester runs, for {@link PULSE_SHARE} of a lease, and returns until when the others do.
   * @param lost ingesters that have lost their connection, with the time until which they counted as running then: those that are not
   * connected again and have given no other sign of life count as running no more
   */
  async pulse(lost: ReadonlyMap<string, number> = new Map()): Promise<Pulses> {
    const args = [this.#id, this.#now(), String(this.#length * PULSE_SHARE), ...pairs(lost)];
    return pulsesOf(await this.#pulse([this.#keys.ingesterPulse], args));
  }

  /** Records a heartbeat and renews the leases that this ingester holds, cluster to token. */
  async renew(held: ReadonlyMap<string, number>, status: IngesterStatus = {}): Promise<void> {
    await this.beat(held, status, NO_LEASES);
  }

  /**
   * Does what {@link renew} does, and asks for the leases.
   * @param since the version of the leases that are known, '' for none
   * @returns the reply of the script
   */
  beat(held: ReadonlyMap<string, number>, { leaving, refused }: IngesterStatus, since: string): Promise<unknown> {
    const { leases, ingesters, refusedConfigurations, leaseOwners, leaseLog, leaseToken } = this.#keys;
    const configuration = refused ? JSON.stringify(refused) : '';
    return this.#beat(
      [leases, ingesters, refusedConfigurations, leaseOwners, leaseLog, leaseToken],
      [this.#id, this.#now(), String(this.#length), leaving ? '1' : '', configuration, since, ...pairs(held)],
    );
  }
}

/** Returns cluster and token alternately. */
export function pairs(map: ReadonlyMap<string, number>): string[] {
  return [...map].flatMap(([cluster, token]) => [cluster, String(token)]);
}

function pulsesOf(reply: unknown): Pulses {
  const [now, flat, ids]: unknown[] = Array.isArray(reply) ? reply : [];
  if (typeof now !== 'number' || !Array.isArray(flat) || !Array.isArray(ids))
    throw new TypeError(`redis answered a sign of life with ${JSON.stringify(reply)}`);
  const times = flat.map(String);
  const runsUntil = new Map<string, number>();
  for (let at = 0; at + 1 < times.length; at += 2) {
    runsUntil.set(times[at] ?? '', Number(times[at + 1]));
  }
  return { now, runsUntil, connected: new Set(ids.map(String)) };
}
