import { INCIDENT_STATES, isFinal } from '@nightcrier/core/incidents/incident';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { IncidentStore } from '../incidents/incidents.ts';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';
import { QUEUE_NAME } from './triage-queue.ts';

const Expired = z.tuple([z.number()], z.string());

/** Entries that one call looks at. */
const PAGE = 200;

/** By how much the clocks of workers may differ, ms. */
const CLOCK_SKEW = 60_000;

/** Says why an incident expired. */
export function expiredReason(maxQueueAgeSeconds: number): string {
  return `waited longer than max_queue_age_seconds: ${maxQueueAgeSeconds}`;
}

/** What is set right at an interval. Any number of workers may do so at the same time. */
export class QueueSweep {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #incidents: IncidentStore;
  readonly #now: () => number;
  readonly #expire: LuaScript;
  readonly #trim: LuaScript;
  /** Jobs that failed before this time in ms were looked at. */
  #failedSince = 0;

  constructor(context: StateContext, incidents: IncidentStore) {
    const { redis, keys, now } = context;
    this.#redis = redis;
    this.#keys = keys;
    this.#incidents = incidents;
    this.#now = now;
    this.#expire = defineScript(context, 'queue/expire-waiting');
    this.#trim = defineScript(context, 'queue/trim-ended');
  }

  /** Ends the incidents that have waited for their first investigation for longer than this. Gives their ids. */
  async expire(maxQueueAgeSeconds: number): Promise<string[]> {
    const expired: string[] = [];
    const now = this.#now();
    const before = String(now - maxQueueAgeSeconds * 1_000);
    for (let from = 0; ;) {
      const args = [before, String(now), new Date(now).toISOString(), expiredReason(maxQueueAgeSeconds)];
      const [stay, ...ids] = Expired.parse(await this.#expire([], [...args, String(from), String(PAGE)]));
      expired.push(...ids);
      from += stay;
      if (stay + ids.length < PAGE) return expired;
    }
  }

  /**
   * Ends the incidents that are open according to their rows, and whose jobs are gone or have ended: BullMQ failed them after
   * their workers died, and the worker that was to write it down died too. Gives their ids.
   */
  async endAbandoned(): Promise<string[]> {
    const abandoned = [...(await this.#investigatedByNobody()), ...(await this.#failedBeforeTheyBegan())];
    const reason = 'its workers died or hung too often, the last one while it wrote that down';
    const ended = await Promise.all(
      abandoned.map(async (id) => ({
        id,
        ...(await this.#incidents.finish(id, { state: 'failed', reason, notify: 'incident_failed' })),
      })),
    );
    return ended.flatMap(({ id, kind }) => (kind === 'changed' ? [id] : []));
  }

  /** Removes the ended incidents that are beyond the retention: by age also those in a state that nothing enters any more. */
  async trim(): Promise<void> {
    for (const state of INCIDENT_STATES.filter(isFinal)) {
      let gone = PAGE;
      while (gone === PAGE) gone = z.number().parse(await this.#trim([], [state, String(this.#now()), String(PAGE)]));
    }
  }

  async #investigatedByNobody(): Promise<string[]> {
    const ids = await this.#redis.zrange(this.#keys.incidentsIn('investigating'), 0, '-1');
    const jobs = await Promise.all(ids.map(async (id) => this.#redis.hmget(this.#job(id), 'data', 'finishedOn')));
    return ids.filter((_, at) => !jobs[at]?.[0] || jobs[at][1]);
  }

  /** Far more may wait than fail, so those that failed are looked at: all of them once, then those since the last look. */
  async #failedBeforeTheyBegan(): Promise<string[]> {
    const begun = this.#now();
    const ids = await this.#redis.zrangebyscore(this.#job('failed'), this.#failedSince, '+inf');
    const states = await Promise.all(ids.map(async (id) => this.#redis.hget(this.#keys.incident(id), 'state')));
    this.#failedSince = begun - CLOCK_SKEW;
    return ids.filter((_, at) => states[at] === 'queued');
  }

  #job(name: string): string {
    return `${this.#keys.bullmq}:${QUEUE_NAME}:${name}`;
  }
}
