import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** How many triage workers live, as one of them sees it. All methods reject while Redis is away. */
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

  /** Says that this worker lives. Gives how many do, this one included. */
  async beat(): Promise<number> {
    return z.number().parse(await this.#beat([this.#key], [this.#id, this.#length]));
  }

  /** This worker takes nothing more. */
  async leave(): Promise<void> {
    await this.#redis.zrem(this.#key, this.#id);
  }
}
