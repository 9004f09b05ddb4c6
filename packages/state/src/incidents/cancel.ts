import { type CancelRequest, cancelledReason } from '@nightcrier/core/incidents/cancel-request';
import type { IncidentState } from '@nightcrier/core/incidents/incident';
import { StoredIncidentState } from '@nightcrier/core/incidents/stored-state';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The result of a request to cancel an incident. The list is closed. */
export type CancelOutcome =
  /** No worker held the incident. It has ended, and its job is removed. */
  | { kind: 'cancelled' }
  /** A worker holds the incident and has to end it. `state` is still the one of the open incident. */
  | { kind: 'requested'; state: IncidentState }
  /** Nothing was changed: the incident has ended before. */
  | { kind: 'final'; state: IncidentState }
  /** Nothing was changed: there is no such row. */
  | { kind: 'missing' };

const Reply = z.union([
  z.tuple([z.literal('cancelled')]).transform(([kind]) => ({ kind })),
  z.tuple([z.literal('requested'), StoredIncidentState]).transform(([kind, state]) => ({ kind, state })),
  z.tuple([z.literal('final'), StoredIncidentState]).transform(([kind, state]) => ({ kind, state })),
  z.tuple([z.literal('missing')]).transform(([kind]) => ({ kind })),
]) satisfies z.ZodType<CancelOutcome>;

/** What a row says about a request to cancel its incident. */
const RequestFields = z
  .tuple([z.string(), z.string().nullable(), z.string().nullable()])
  .transform(([, by, reason]): CancelRequest => ({ by: by ?? undefined, reason: reason ?? undefined }));

/**
 * Cancels incidents. An incident that waits ends in one step. For one that a worker holds, the request is kept on its row,
 * so that it outlives the worker; the first request of an incident counts. See `lua/cancel-incident.lua`.
 */
export class Cancellations {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #now: () => number;
  readonly #script: LuaScript;

  /** @throws Error when the installed BullMQ has changed the script that it runs. */
  constructor(context: StateContext) {
    const { redis, keys, now } = context;
    this.#redis = redis;
    this.#keys = keys;
    this.#now = now;
    this.#script = defineScript(context, 'incidents/cancel-incident');
  }

  /** Cancels an open incident, or requests it from the worker that holds the incident. */
  async cancel(id: string, given: CancelRequest): Promise<CancelOutcome> {
    const request = (await this.requested(id)) ?? given;
    const fields = {
      cancel_requested_at: new Date(this.#now()).toISOString(),
      ...(request.by !== undefined && { cancel_requested_by: request.by }),
      ...(request.reason !== undefined && { cancel_reason: request.reason }),
    };
    return Reply.parse(await this.#run(id, request, JSON.stringify(fields)));
  }

  /** Returns the request to cancel an incident, undefined if there is none. */
  async requested(id: string): Promise<CancelRequest | undefined> {
    const row = this.#keys.incident(id);
    const reply = this.#redis.hmget(row, 'cancel_requested_at', 'cancel_requested_by', 'cancel_reason');
    const fields = await ifReadable(reply, [null, null, null]);
    return typeof fields[0] !== 'string' ? undefined : RequestFields.parse(fields);
  }

  /**
   * Ends an incident whose job this worker has just returned, if a request came while the worker held it. Without this,
   * the request would wait until the job is claimed again, which may take as long as its delay.
   * @returns the reason of the cancelled incident, undefined if it was not cancelled
   */
  async cancelReleased(id: string): Promise<string | undefined> {
    const request = await this.requested(id);
    if (request === undefined) return undefined;
    const [kind] = z.tuple([z.string()], z.unknown()).parse(await this.#run(id, request, ''));
    return kind === 'cancelled' ? cancelledReason(request) : undefined;
  }

  async #run(id: string, request: CancelRequest, fields: string): Promise<unknown> {
    const now = this.#now();
    return this.#script([], [id, String(now), new Date(now).toISOString(), cancelledReason(request), fields]);
  }
}
