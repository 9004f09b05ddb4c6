import { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { decideStormMember } from '@nightcrier/core/problems/storm';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import { CorruptIncidentError } from '../incidents/incident-row.ts';
import { IncidentStore } from '../incidents/incidents.ts';
import { Problems } from '../problems/problems.ts';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';
import type { Admission } from './admission.ts';

const Waiting = z.object({ trait: z.string(), cluster_event: ClusterEvent });

/** Storms that one run decides about. */
const MOST_STORMS = 100;

/** The problems that wait for what is found of the first one of their storm. All methods reject while Redis is unreachable. */
export class Storms {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #now: () => number;
  readonly #problems: Problems;
  readonly #incidents: IncidentStore;
  readonly #leave: LuaScript;
  readonly #admission: Admission;

  constructor(context: StateContext, admission: Admission) {
    const { redis, keys, now } = context;
    this.#redis = redis;
    this.#keys = keys;
    this.#now = now;
    this.#problems = new Problems(context);
    this.#incidents = new IncidentStore(context);
    this.#leave = defineScript(context, 'problems/storm/leave-storm');
    this.#admission = admission;
  }

  /**
   * Decides about all members, see `decideStormMember`. Any process may do it at any time.
   * @returns how many are investigated by themselves
   */
  async decide(): Promise<number> {
    let investigated = 0;
    for (const storm of await ifReadable(this.#redis.zrange(this.#keys.storms, '0', String(MOST_STORMS - 1)), [])) {
      const at = storm.indexOf('|');
      investigated += await this.#decideOne(storm.slice(0, at), storm.slice(at + 1));
    }
    return investigated;
  }

  async #decideOne(cluster: string, leaderKey: string): Promise<number> {
    const leader = await this.#problems.get(cluster, leaderKey);
    const [id] = leader?.incidents ?? [];
    const incident = id === undefined ? undefined : await this.#incidents.get(id).catch(unreadable);
    const waiting = await ifReadable(this.#redis.hgetall(this.#keys.stormMembers(cluster, leaderKey)), {});
    let investigated = 0;
    for (const [key, text] of Object.entries(waiting)) {
      const parsed = Waiting.safeParse(jsonOf(text));
      const member = await this.#problems.get(cluster, key);
      const decision = decideStormMember(
        {
          trait: parsed.data?.trait ?? '',
          leader: { isFiring: leader?.state === 'firing', recoveredAt: leader?.recovered_at },
          incident: incident && { state: incident.state, diagnosis: incident.report?.diagnosis },
          member: { isFiring: parsed.success && member?.state === 'firing' && member.member_of === leaderKey },
        },
        this.#now(),
      );
      if (decision === 'wait') continue;
      if (decision === 'investigate' && parsed.success) {
        const outcome = await this.#admission.leaveStorm(parsed.data.cluster_event, id ?? '');
        // The queue is full: it waits on.
        if (outcome.kind !== 'queued' && outcome.kind !== 'already_open') continue;
        investigated += 1;
      }
      await this.#leave([], [cluster, leaderKey, key]);
    }
    if (Object.keys(waiting).length === 0) await this.#leave([], [cluster, leaderKey, '']);
    return investigated;
  }
}

function unreadable(error: unknown): undefined {
  if (!(error instanceof CorruptIncidentError)) throw error;
  return undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
