import { z } from 'zod';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** A job that a worker has locked. */
export interface LockedJob {
  id: string;
  /** That of the lock. */
  token: string;
  /** How often the job was started, by BullMQ's count. */
  starts: number;
}

/** A part of the duration: BullMQ renews a lock earlier, unless Redis refuses that. */
const SOON = 1 / 3;

/**
 * The locks of one worker on its jobs, beside BullMQ's renewals. One that expired is taken again, unless the job was given to another
 * worker since: nobody could renew it while Redis refused writes. All methods reject while Redis refuses writes that are due.
 */
export class JobLocks {
  readonly #script: LuaScript;
  readonly #duration: number;

  /** @param duration of a lock, ms */
  constructor(context: StateContext, duration: number) {
    this.#script = defineScript(context, 'queue/job-locks');
    this.#duration = duration;
  }

  /** Returns the ids of the jobs that the worker has lost; renews the locks of others if that is due. */
  async lost(jobs: readonly LockedJob[]): Promise<string[]> {
    return jobs.length === 0 ? [] : this.#keep(jobs, this.#duration * SOON);
  }

  /** Renews the lock of a job. Returns false when the worker has lost it. */
  async renew(job: LockedJob): Promise<boolean> {
    return (await this.#keep([job], Infinity)).length === 0;
  }

  async #keep(jobs: readonly LockedJob[], soon: number): Promise<string[]> {
    const times = [this.#duration, Math.min(soon, Number.MAX_SAFE_INTEGER)].map((ms) => String(Math.round(ms)));
    const args = jobs.flatMap(({ id, token, starts }) => [id, token, String(starts)]);
    return z.array(z.string()).parse(await this.#script([], [...times, ...args]));
  }
}
