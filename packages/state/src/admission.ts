import { randomUUID } from 'node:crypto';
import type { AdmissionOutcome } from '@nightcrier/core/admission';
import type { ClusterEvent } from '@nightcrier/core/cluster-event';
import { describeResource } from '@nightcrier/core/fault';
import { groupKey, type Grouping } from '@nightcrier/core/group-key';
import { type Incident, type IncidentMember, MAX_MEMBERS } from '@nightcrier/core/incident';
import { SEVERITIES, type Severity } from '@nightcrier/core/severity';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { bullmqFunctions, bullmqInternals, packAdd } from './bullmq-contract.ts';
import { StateKeys } from './keys.ts';
import { defineScript, type LuaScript } from './lua-script.ts';
import type { TriageQueue } from './triage-queue.ts';

/** The bounds of the queue, under the names of the configuration. */
export interface AdmissionSettings {
  /** Most incidents that wait, over all clusters; at least 1. */
  global_queue_size: number;
  /** Most incidents of one cluster that wait; 0: no bound. */
  cluster_queue_size: number;
  /** When the queue is full: `drop` the oldest of the mildest that waits, or `reject` the newcomer. */
  queue_overflow_policy: 'drop' | 'reject';
  /** A fault that comes again within this time of its incident's admission is a recurrence; 0: only while it is open. */
  dedup_window_seconds: number;
  /** Which faults of one type share an incident. */
  grouping: Grouping;
}

/** What became of an operator's wish to have something investigated. */
export type RequeueOutcome =
  | Extract<AdmissionOutcome, { kind: 'queued' | 'rejected' | 'dropped_incoming' }>
  /** Nothing was changed: that incident, which is open, stands for the fault already. */
  | { kind: 'standing'; incidentId: string };

export interface AdmissionOptions {
  /** A producer connection. */
  redis: Redis;
  key_prefix: string;
  /** Packs the jobs; it may share the connection. */
  queue: TriageQueue;
  settings: AdmissionSettings;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** What `admission.lua` reads of a call, besides the ClusterEvent that it stores as it is. Times in ms. */
interface AdmissionRequest {
  incident_id: string;
  cluster: string;
  fingerprint: string;
  group: string | undefined;
  /** Most members that an incident lists. */
  most_members: number;
  /** Of an operator: the ended incident that is put in again, or the one that this member is split off from. */
  requeue_of?: string;
  split_from?: string;
  /** Index in SEVERITIES. */
  severity: number;
  /** Score among the waiting: the lowest gives way first. */
  place: number;
  received_at: string;
  now: number;
  now_text: string;
  dedup_until: number;
  policy: AdmissionSettings['queue_overflow_policy'];
  global_queue_size: number;
  cluster_queue_size: number;
  /** Each bound as a reason names it. */
  bounds: Record<'global' | 'cluster', string>;
}

/** Width of one severity in a place; times in ms stay below it until 2039. */
const SEVERITY_BAND = 2 ** 41;

/**
 * The order of the jobs: BullMQ takes the lowest priority first. Each severity has a band of them, in which the fair tag
 * of `lua/fair-order.lua` decides; BullMQ allows for four such bands.
 */
const FIRST_PRIORITY = { critical: 1, warning: 2 ** 19 + 1, info: 2 ** 20 + 1 } satisfies Record<Severity, number>;

/** Longest text that a member takes along: it is listed many times. */
const MEMBER_CONTEXT = 1_000;

const Refusal = z.tuple([z.enum(['rejected', 'dropped_incoming']), z.string(), z.enum(['cluster', 'global'])]);
const Reply = z.union([
  z
    .tuple([z.literal('queued'), z.string()], z.string())
    .transform(([kind, incidentId, ...evicted]) => ({ kind, incidentId, evicted })),
  z.tuple([z.literal('resent'), z.string()]).transform(([kind, incidentId]) => ({ kind, incidentId })),
  z
    .tuple([z.literal('deduplicated'), z.string(), z.number()])
    .transform(([kind, incidentId, recurrences]) => ({ kind, incidentId, recurrences })),
  z
    .tuple([z.literal('grouped'), z.string(), z.number()])
    .transform(([kind, incidentId, members]) => ({ kind, incidentId, members })),
  z.tuple([z.literal('standing'), z.string()]).transform(([kind, incidentId]) => ({ kind, incidentId })),
  Refusal.transform(([kind, incidentId, bound]) => ({ kind, incidentId, bound })),
]) satisfies z.ZodType<AdmissionOutcome | RequeueOutcome>;

/**
 * The door of the queue. One Lua script wraps BullMQ's own scripts for adding and removing a job, so that the bounds
 * hold exactly under any number of ingesters, and row and job appear together or not at all.
 */
export class Admission {
  readonly #queue: TriageQueue;
  readonly #settings: AdmissionSettings;
  readonly #now: () => number;
  readonly #script: LuaScript;

  /** @throws Error when the installed BullMQ is not the one that the script was written for. */
  constructor({ redis, key_prefix, queue, settings, now = Date.now }: AdmissionOptions) {
    this.#queue = queue;
    this.#settings = settings;
    this.#now = now;
    this.#script = defineScript(redis, new StateKeys(key_prefix), 'admission', {
      parts: ['fair-order'],
      prologue: bullmqFunctions(bullmqInternals(), ['bull_add', 'bull_remove']),
    });
  }

  /**
   * Queues an incident for a fault, or says why not. The outcome is counted, and the row is there when this resolves.
   * @param incidentId Its id, a UUID. A caller that may have to resend after a lost reply passes the same one again, and
   *   gets the same answer.
   * @throws Error of Redis: then it is not known whether the incident was queued, and the call may be resent.
   */
  async admit(clusterEvent: ClusterEvent, incidentId: string = randomUUID()): Promise<AdmissionOutcome> {
    const outcome = await this.#decide(clusterEvent, this.#request(clusterEvent, incidentId));
    if (outcome.kind === 'standing') throw new Error(`admission of ${incidentId} was answered as an operator's`);
    return outcome;
  }

  /**
   * Puts an incident that has ended in the queue again: as a new one, which links to it and takes its members along. The
   * bounds hold; the dedup window does not.
   */
  async requeue(incident: Incident): Promise<RequeueOutcome> {
    return this.#again(incident.cluster_event, { requeue_of: incident.incident_id });
  }

  /** Has a member of an incident investigated by itself. It leaves the incident's list. */
  async splitOff(incident: Incident, { received_at, ...event }: IncidentMember): Promise<RequeueOutcome> {
    return this.#again({ ...incident.cluster_event, event, received_at }, { split_from: incident.incident_id });
  }

  async #again(
    clusterEvent: ClusterEvent,
    source: Pick<AdmissionRequest, 'requeue_of' | 'split_from'>,
  ): Promise<RequeueOutcome> {
    const request = this.#request(clusterEvent, randomUUID());
    const place = request.severity * SEVERITY_BAND + request.now;
    const outcome = await this.#decide(clusterEvent, { ...request, ...source, place });
    if (outcome.kind === 'queued' || outcome.kind === 'rejected' || outcome.kind === 'dropped_incoming') return outcome;
    return { kind: 'standing', incidentId: outcome.incidentId };
  }

  async #decide(clusterEvent: ClusterEvent, request: AdmissionRequest): Promise<z.infer<typeof Reply>> {
    const { event, received_at, cluster_name } = clusterEvent;
    const job = {
      incident_id: request.incident_id,
      cluster_name,
      fault_type: event.faultType,
      resource: describeResource(event.resource),
      severity: event.severity,
    };
    const member: IncidentMember = {
      ...event,
      ...(event.context !== undefined && { context: event.context.slice(0, MEMBER_CONTEXT) }),
      received_at,
    };
    const { keys, args } = await packAdd(this.#queue, job, FIRST_PRIORITY[event.severity]);
    const ours = [request, clusterEvent, member].map((value) => JSON.stringify(value));
    return Reply.parse(await this.#script(keys, [...args, ...ours]));
  }

  #request({ cluster_name, event, received_at }: ClusterEvent, incidentId: string): AdmissionRequest {
    if (!z.guid().safeParse(incidentId).success)
      throw new RangeError(`incident id ${JSON.stringify(incidentId)} must be a UUID`);
    const receivedAt = Date.parse(received_at);
    if (!(receivedAt >= 0 && receivedAt < SEVERITY_BAND))
      throw new RangeError(
        `received_at ${JSON.stringify(received_at)} of incident ${incidentId} must be an RFC 3339 time`,
      );
    const { global_queue_size, cluster_queue_size, queue_overflow_policy, dedup_window_seconds, grouping } =
      this.#settings;
    const severity = SEVERITIES.indexOf(event.severity);
    const now = this.#now();
    return {
      incident_id: incidentId,
      cluster: cluster_name,
      fingerprint: event.faultId,
      group: groupKey(event, grouping),
      most_members: MAX_MEMBERS,
      severity,
      place: severity * SEVERITY_BAND + receivedAt,
      received_at,
      now,
      now_text: new Date(now).toISOString(),
      dedup_until: now + Math.round(dedup_window_seconds * 1_000),
      policy: queue_overflow_policy,
      global_queue_size,
      cluster_queue_size,
      bounds: {
        global: `global_queue_size: ${global_queue_size}`,
        cluster: `cluster_queue_size: ${cluster_queue_size}, cluster ${cluster_name}`,
      },
    };
  }
}
