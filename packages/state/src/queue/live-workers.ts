import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The heartbeats of one triage worker, and the number of live ones. All methods reject while Redis is unreachable. */
export class LiveWorkers {
  readonly #redis: Redis;
  readonly #length: string;
  readonly #id = randomUUID();
  readonly #key: string;
  readonly #beat: LuaScript;

  /** @param length time after its last heartbeat for which a worker counts as alive, by Redis's clock, ms */
  constructor(context: StateContext, length: number) {
    this.#redis = context.redis;
    this.#length = String(length);
    this.#key = context.keys.workers;
    this.#beat = defineScript(context, 'queue/worker-beat');
  }

  /** Records a heartbeat of this worker. Returns the number of live workers, this one included. */
  async beat(): Promise<number> {
    return z.number().parse(await this.#beat([this.#key], [this.#id, this.#length]));
  }

  /** Removes this worker from the live ones. */
  async leave(): Promise<void> {
    await this.#redis.zrem(this.#key, this.#id);
  }
}
