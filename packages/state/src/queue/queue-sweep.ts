import { INCIDENT_STATES, isFinal } from '@nightcrier/core/incidents/incident';
import { storedName } from '@nightcrier/core/incidents/stored-name';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { isIncidentId } from '../incidents/incident-id.ts';
import { rowDamage } from '../incidents/incident-row.ts';
import type { IncidentStore } from '../incidents/incidents.ts';
import { DamageSweep } from '../damage/damage-sweep.ts';
import { ifReadable } from '../damage/if-readable.ts';
import { QUEUE_NAME, type StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

const Expired = z.tuple([z.number()], z.string());

/** Maximum of entries that one call checks. */
const PAGE = 200;

/** Maximum difference between the clocks of two workers, ms. */
const CLOCK_SKEW = 60_000;

/** Stands for the field of a row that is no hash. */
const OTHER_TYPE = Symbol('no hash');

/** Returns the reason of an incident that expired. */
export function expiredReason(maxQueueAgeSeconds: number): string {
  return `waited longer than max_queue_age_seconds: ${maxQueueAgeSeconds}`;
}

/** Reconciles queue and incidents at an interval. Any number of workers may do so at the same time. */
export class QueueSweep {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #incidents: IncidentStore;
  readonly #now: () => number;
  readonly #damage: DamageSweep;
  readonly #expire: LuaScript;
  readonly #repair: LuaScript;
  readonly #trim: LuaScript;
  /** Jobs that failed before this time have been checked, ms. */
  #failedSince = 0;
  /** How many of the queued incidents, and of all, have been checked. */
  #queuedFrom = 0;
  #rowsFrom = 0;

  constructor(context: StateContext, incidents: IncidentStore) {
    const { redis, keys, now } = context;
    this.#redis = redis;
    this.#keys = keys;
    this.#incidents = incidents;
    this.#now = now;
    this.#damage = new DamageSweep(context);
    this.#expire = defineScript(context, 'queue/expire-waiting');
    this.#repair = defineScript(context, 'queue/repair-jobs');
    this.#trim = defineScript(context, 'queue/trim-ended');
  }

  /**
   * Ends the incidents that have waited for their first investigation for longer than this. Their age is measured from
   * their creation, by the clock of the process that admitted them, to now, by the clock of this one.
   * @returns their ids
   */
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
   * Ends orphaned incidents: open ones whose jobs have ended or no longer exist. BullMQ fails a job after its workers have
   * died; the worker that should have recorded that died too. A Redis that lost a part of a transaction may have no job.
   * @returns their ids
   */
  async endAbandoned(): Promise<string[]> {
    const died = [...(await this.#runningWithoutJob()), ...(await this.#failedBeforeBegin())];
    return [
      ...(await this.#fail(died, 'its workers died or hung too often, the last one before it recorded the failure')),
      ...(await this.#fail(await this.#queuedWithoutJob(), 'its job is missing: Redis lost a part of its data')),
    ];
  }

  /**
   * Removes active jobs whose record in Redis is damaged, and ends their incidents.
   * @returns the ids of the jobs
   */
  async repair(): Promise<string[]> {
    const now = this.#now();
    return z.array(z.string()).parse(await this.#repair([], [String(now), new Date(now).toISOString()]));
  }

  /**
   * Moves values aside that no version can read: rows of incidents, a part of them in each sweep, the newest first; and JSON.
   * @returns the ids of the incidents, and the names of other values
   */
  async setDamagedAside(): Promise<string[]> {
    const from = this.#rowsFrom;
    // An id that is none may be no text.
    const ids = await ifReadable(this.#redis.zrevrangeBuffer(this.#keys.incidents, from, from + PAGE - 1), []);
    this.#rowsFrom = ids.length < PAGE ? 0 : from + PAGE;
    const damages = await Promise.all(ids.map(async (id) => this.#rowDamage(id.toString())));
    const damaged = ids.flatMap((id, at) => (damages[at] === undefined ? [] : [{ id, reason: damages[at] }]));
    for (const { id, reason } of damaged) await this.#incidents.setAside(id, reason);
    return [...damaged.map(({ id }) => id.toString()), ...(await this.#damage.run())];
  }

  /** Deletes ended incidents that are beyond the retention, also in states that no other incident enters. */
  async trim(): Promise<void> {
    for (const state of INCIDENT_STATES.filter(isFinal)) {
      let deleted = PAGE;
      while (deleted === PAGE)
        deleted = z.number().parse(await this.#trim([], [storedName(state), String(this.#now()), String(PAGE)]));
    }
  }

  /** Indexes the incidents of former versions, see {@link IncidentStore.indexFormer}. */
  async indexFormer(): Promise<void> {
    await this.#incidents.indexFormer();
  }

  async #rowDamage(id: string): Promise<string | undefined> {
    const key = this.#keys.incident(id);
    const event = await ifReadable<string | null | typeof OTHER_TYPE>(
      this.#redis.hget(key, 'cluster_event'),
      OTHER_TYPE,
    );
    if (event === OTHER_TYPE) return 'it is no hash';
    const damage = rowDamage(id, event ?? undefined);
    // The retention may have deleted the row since its id was read.
    const isGone = damage !== undefined && isIncidentId(id) && (await this.#redis.exists(key)) === 0;
    return isGone ? undefined : damage;
  }

  /** Returns those of the incidents that were open. */
  async #fail(ids: readonly string[], reason: string): Promise<string[]> {
    const ended = await Promise.all(
      ids.map(async (id) => ({
        id,
        ...(await this.#incidents.finish(id, { state: 'failed', reason, notify: 'incident_failed' })),
      })),
    );
    return ended.flatMap(({ id, kind }) => (kind === 'changed' ? [id] : []));
  }

  /** Checks a part of the queued incidents in each sweep: they can be many. */
  async #queuedWithoutJob(): Promise<string[]> {
    const from = this.#queuedFrom;
    const to = String(from + PAGE - 1);
    const ids = await ifReadable(this.#redis.zrange(this.#keys.incidentsIn('queued'), from, to), []);
    this.#queuedFrom = ids.length < PAGE ? 0 : from + PAGE;
    const jobs = await Promise.all(ids.map(async (id) => this.#redis.exists(this.#job(id))));
    return ids.filter((_, at) => jobs[at] === 0);
  }

  async #runningWithoutJob(): Promise<string[]> {
    const ids = await ifReadable(this.#redis.zrange(this.#keys.incidentsIn('investigating'), 0, '-1'), []);
    const jobs = await Promise.all(
      ids.map(async (id) => ifReadable(this.#redis.hmget(this.#job(id), 'data', 'finishedOn'), [])),
    );
    return ids.filter((_, at) => !jobs[at]?.[0] || jobs[at][1]);
  }

  /**
   * Checks failed jobs, which are fewer than waiting ones: all of them in the first sweep of a process, later those since
   * the last sweep. A failed job has the time of the clock of the worker that failed it.
   */
  async #failedBeforeBegin(): Promise<string[]> {
    const begun = this.#now();
    const ids = await ifReadable(this.#redis.zrangebyscore(this.#job('failed'), this.#failedSince, '+inf'), []);
    const states = await Promise.all(
      ids.map(async (id) => ifReadable(this.#redis.hget(this.#keys.incident(id), 'state'), null)),
    );
    this.#failedSince = begun - CLOCK_SKEW;
    return ids.filter((_, at) => states[at] === 'queued');
  }

  #job(name: string): string {
    return `${this.#keys.bullmq}:${QUEUE_NAME}:${name}`;
  }
}
