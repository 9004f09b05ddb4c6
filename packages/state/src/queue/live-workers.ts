import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';

export interface LiveWorkersOptions {
  redis: Redis;
  key_prefix: string;
  /** How long a worker counts as alive without a word, by Redis's clock, ms. */
  length: number;
}

/** How many triage workers live, as one of them sees it. All methods reject while Redis is away. */
export class LiveWorkers {
  readonly #options: LiveWorkersOptions;
  readonly #id = randomUUID();
  readonly #key: string;
  readonly #beat: LuaScript;

  constructor(options: LiveWorkersOptions) {
    this.#options = options;
    const keys = new StateKeys(options.key_prefix);
    this.#key = keys.workers;
    this.#beat = defineScript(options.redis, keys, 'worker-beat', { library: 'leases' });
  }

  /** Says that this worker lives. Gives how many do, this one included. */
  async beat(): Promise<number> {
    return z.number().parse(await this.#beat([this.#key], [this.#id, String(this.#options.length)]));
  }

  /** This worker takes nothing more. */
  async leave(): Promise<void> {
    await this.#options.redis.zrem(this.#key, this.#id);
  }
}
