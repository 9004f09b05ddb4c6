import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The process of a worker, by which another one on the same machine finds that it has ended. */
export const WorkerProcess = z.object({
  /** Processes with the same value see each other's ids. */
  machine: z.string(),
  pid: z.number(),
  /** When it started; distinguishes processes that had the same pid. */
  started: z.number(),
});
export type WorkerProcess = z.infer<typeof WorkerProcess>;

/** How the jobs of workers that have died are taken over. */
export interface Takeover {
  /** Id of BullMQ's worker, with which the tokens of its locks begin. */
  id: string;
  /** Undefined where the system does not identify processes. */
  process: WorkerProcess | undefined;
  /** Names the worker on its containers; no other has it. */
  token: string;
  /** Returns whether a process of this machine has ended. */
  hasEnded: (process: WorkerProcess) => boolean;
  /** Time without a heartbeat after which the jobs of a worker are released, ms. */
  silence: number;
  /** Returns BullMQ's `maxStalledCount`. */
  maxStalls: () => number;
  /** Time between two checks for jobs whose locks have expired, ms. */
  stalledInterval: number;
  /** Returns the maximum of investigations over all workers, which a heartbeat restores in a Redis that has lost it. */
  maxConcurrent: () => number;
  onReleased: (incidentIds: string[]) => void;
  /** Receives the jobs that were released because their locks have expired. */
  onStalled: (incidentIds: string[]) => void;
}

const Beat = z.tuple([z.number(), z.array(z.string()), z.array(z.string())]);
const WorkerRecord = z.object({ process: WorkerProcess });
/** The field of the records that is no worker, see `lua/dead-workers.lua`. */
const WATCH = '';
/** What a worker of this version can do that those of earlier versions cannot. */
const ABILITIES = { adopts_prestarted: true };
const TokenRecord = z.object({ process: z.object({ token: z.string() }) });
const AbleRecord = z.object({ process: z.object({ adopts_prestarted: z.literal(true) }) });

/**
 * The heartbeats of one triage worker, and the number of live ones. With a {@link Takeover}, a heartbeat also releases the jobs
 * of workers that have died, and those without a lock, in place of BullMQ's own check: see `lua/worker-beat.lua`. All methods reject while Redis is unreachable.
 */
export class LiveWorkers {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #length: string;
  readonly #id: string;
  readonly #takeover: Takeover | undefined;
  readonly #beat: LuaScript;

  /** @param length time after its last heartbeat for which a worker counts as alive, by Redis's clock, ms */
  constructor(context: StateContext, length: number, takeover?: Takeover) {
    this.#redis = context.redis;
    this.#keys = context.keys;
    this.#length = String(length);
    this.#id = takeover?.id ?? randomUUID();
    this.#takeover = takeover;
    this.#beat = defineScript(context, 'queue/worker-beat');
  }

  /** Records a heartbeat of this worker, and releases jobs. Returns the number of live workers, this one included. */
  async beat(): Promise<number> {
    const [count, released, stalled] = Beat.parse(await this.#beat([this.#keys.workers], await this.#arguments()));
    if (released.length > 0) this.#takeover?.onReleased(released);
    if (stalled.length > 0) this.#takeover?.onStalled(stalled);
    return count;
  }

  /**
   * Removes this worker from the live ones. It sends no heartbeats from now on, and still finishes jobs: they are released when
   * its process has ended, and not for its silence.
   */
  async leave(): Promise<void> {
    const record = { at: Date.now(), process: this.#process(), leaving: true };
    await Promise.all([
      this.#redis.zrem(this.#keys.workers, this.#id),
      ...(this.#takeover ? [this.#redis.hset(this.#keys.workerRecords, this.#id, JSON.stringify(record))] : []),
    ]);
  }

  /** Removes the record of this worker: it holds no jobs any more. */
  async forget(): Promise<void> {
    await this.#redis.hdel(this.#keys.workerRecords, this.#id);
  }

  async #arguments(): Promise<string[]> {
    if (!this.#takeover) return [this.#id, this.#length, '', '0', '0', '0', '0'];
    const { process, silence, maxStalls, maxConcurrent, stalledInterval } = this.#takeover;
    const ended = process ? await this.#ended(process.machine) : [];
    return [
      this.#id,
      this.#length,
      JSON.stringify(this.#process()),
      String(silence),
      String(maxStalls()),
      String(maxConcurrent()),
      String(stalledInterval),
      ...ended,
    ];
  }

  #process(): object {
    return { ...this.#takeover?.process, token: this.#takeover?.token, ...ABILITIES };
  }

  /** Returns the ids of the workers on a machine whose processes have ended. */
  async #ended(machine: string): Promise<string[]> {
    const records = await ifReadable(this.#redis.hgetall(this.#keys.workerRecords), {});
    return Object.entries(records).flatMap(([id, text]) => {
      const process = processIn(text);
      return process?.machine === machine && this.#takeover?.hasEnded(process) ? [id] : [];
    });
  }
}

/** Returns the process in a record; undefined where there is none. */
function processIn(text: string): WorkerProcess | undefined {
  return storedJson(WorkerRecord, text)?.process;
}

/**
 * Returns whether every live worker finds the agent of a dead one in a container that was started before its run. Workers of earlier
 * versions do not, and would start another agent.
 */
export async function allAdoptPrestarted(redis: Redis, keys: StateKeys, now = Date.now): Promise<boolean> {
  const [ids, records] = await Promise.all([
    ifReadable(redis.zrangebyscore(keys.workers, now(), '+inf'), []),
    ifReadable(redis.hgetall(keys.workerRecords), {}),
  ]);
  return ids.every((id) => storedJson(AbleRecord, records[id]) !== undefined);
}

/**
 * Returns the tokens of all workers that have not been found dead or ended; undefined while they are not known: one of an earlier version
 * records none.
 */
export async function workerTokens(redis: Redis, keys: StateKeys): Promise<Set<string> | undefined> {
  const records = await ifReadable(redis.hgetall(keys.workerRecords), {});
  const tokens = Object.entries(records)
    .filter(([id]) => id !== WATCH)
    .map(([, text]) => storedJson(TokenRecord, text)?.process.token);
  return tokens.includes(undefined) ? undefined : new Set(tokens.filter((token) => token !== undefined));
}

/** Returns the number of triage workers that are alive. */
export async function countLiveWorkers(redis: Redis, keys: StateKeys, now = Date.now): Promise<number> {
  return ifReadable(redis.zcount(keys.workers, now(), '+inf'), 0);
}
