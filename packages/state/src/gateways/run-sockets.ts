import type { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The run that a directory of sockets belongs to. */
export const SocketRun = z.object({
  incident_id: z.string(),
  attempt: z.int().positive(),
  /** Milliseconds since the epoch. */
  expires_at: z.number(),
});
export type SocketRun = z.infer<typeof SocketRun>;

/** Seconds that a gateway waits for a wake-up in one call: less than the time limit of a command. */
const WAKE_SECONDS = 1;
const WAKE_KEPT_MS = 60_000;
const POLL_MS = { first: 2, longest: 50 };

/**
 * The directories of sockets that gateways open for runs. `Grants` records and removes them with their grants; gateways read them every
 * second, and at once when a worker wakes them.
 */
export class RunSockets {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #now: () => number;

  constructor({ redis, keys, now }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
    this.#now = now;
  }

  /** Returns the directories whose grants are valid, with their runs. Forgets those whose grants have expired. */
  async list(): Promise<Map<string, SocketRun>> {
    const all = Object.entries(await ifReadable(this.#redis.hgetall(this.#keys.runSockets), {}));
    const now = this.#now();
    const runs = all.flatMap(([socket, text]): [string, SocketRun][] => {
      const run = SocketRun.safeParse(parsed(text)).data;
      return run !== undefined && run.expires_at > now ? [[socket, run]] : [];
    });
    const live = new Map(runs);
    const over = all.map(([socket]) => socket).filter((socket) => !live.has(socket));
    if (over.length > 0) await this.#redis.hdel(this.#keys.runSockets, ...over);
    return live;
  }

  /** Records that a gateway listens on the sockets of a run. */
  async listening(socket: string, gatewayId: string, { expires_at }: SocketRun): Promise<void> {
    const key = this.#keys.runListeners(socket);
    const ms = Math.max(1, Math.ceil(expires_at - this.#now()));
    await this.#redis.multi().sadd(key, gatewayId).pexpire(key, ms).exec();
  }

  /**
   * Waits for a wake-up of a gateway, for a second at most.
   * @param blocking a connection that nothing else uses
   */
  async woken(blocking: Redis, gatewayId: string): Promise<void> {
    await blocking.bzpopmin(this.#keys.gatewayWake(gatewayId), WAKE_SECONDS);
  }

  /**
   * Wakes gateways and waits until one of them listens on the sockets of a run.
   * @returns the id of one that listens; undefined if none does in time
   */
  async open(socket: string, gateways: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const wake = this.#redis.multi();
    for (const id of gateways) {
      wake.zadd(this.#keys.gatewayWake(id), 0, 'runs').pexpire(this.#keys.gatewayWake(id), WAKE_KEPT_MS);
    }
    await wake.exec();
    for (let wait = POLL_MS.first; ; wait = Math.min(wait * 2, POLL_MS.longest)) {
      const listeners = await ifReadable(this.#redis.smembers(this.#keys.runListeners(socket)), []);
      const listener = gateways.find((id) => listeners.includes(id));
      if (listener !== undefined || signal.aborted) return listener;
      await sleep(wait);
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
