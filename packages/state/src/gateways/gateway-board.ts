import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateContext } from '../redis/state-context.ts';

/** A gateway without a sign of life for this long counts as dead, in ms. */
export const GATEWAY_SILENT_MS = 10_000;

/** Milliseconds after which a dead gateway is forgotten. */
const FORGOTTEN_MS = 3_600_000;

/** Where a gateway listens. */
export const GatewayAddress = z.object({
  id: z.string(),
  host: z.string(),
  /** Directory of its Unix sockets. */
  socket_dir: z.string(),
  /** Addresses on the loopback interface of its host, for agent scripts. */
  kube_url: z.string(),
  llm_url: z.string(),
  /** Certificate of the authority that issued the kube door's, PEM. It is no secret. */
  ca: z.string(),
  /** It listens on sockets of each run. Missing: it is of an earlier version, and has those in `socket_dir` alone. */
  run_sockets: z.boolean().optional(),
  /** It opens the sockets of reservations. Missing: it is of an earlier version. */
  reserved_sockets: z.boolean().optional(),
  /** When it started, ms since the epoch. */
  started: z.number().optional(),
  /** Last sign of life, ms since the epoch. */
  seen: z.number(),
});
export type GatewayAddress = z.infer<typeof GatewayAddress>;

/** The gateways of an installation. */
export class GatewayBoard {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #now: () => number;

  constructor({ redis, keys, now }: StateContext) {
    this.#redis = redis;
    this.#key = keys.gateways;
    this.#now = now;
  }

  /** Records that a gateway listens, and forgets those that have been silent for an hour. To be repeated well within {@link GATEWAY_SILENT_MS}. */
  async report(address: Omit<GatewayAddress, 'seen'>): Promise<void> {
    await this.#redis.hset(this.#key, address.id, JSON.stringify({ ...address, seen: this.#now() }));
    const now = this.#now();
    const gone = (await this.#all()).filter(({ seen }) => now - seen > FORGOTTEN_MS).map(({ id }) => id);
    if (gone.length > 0) await this.#redis.hdel(this.#key, ...gone);
  }

  /** Forgets a gateway that stops. */
  async remove(id: string): Promise<void> {
    await this.#redis.hdel(this.#key, id);
  }

  /** Returns the live gateways. Writes nothing. */
  async live(): Promise<GatewayAddress[]> {
    const now = this.#now();
    return (await this.#all()).filter(({ seen }) => now - seen < GATEWAY_SILENT_MS);
  }

  async #all(): Promise<GatewayAddress[]> {
    const rows = await ifReadable(this.#redis.hvals(this.#key), []);
    return rows.flatMap((row) => GatewayAddress.safeParse(parsed(row)).data ?? []);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
