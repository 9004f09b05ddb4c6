import { randomUUID } from 'node:crypto';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { groupKey, type Grouping } from '@nightcrier/core/faults/group-key';
import { type Incident, type IncidentMember, MAX_MEMBERS } from '@nightcrier/core/incidents/incident';
import { SEVERITIES } from '@nightcrier/core/faults/severity';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import {
  type AdmissionReply,
  type AdmissionRequest,
  type BatchHeader,
  BatchReply,
  faultFields,
  PRIORITIES,
  SEVERITY_BAND,
} from './admission-batch.ts';
import { bullmqFunctions, bullmqInternals, jobTemplate } from '../redis/bullmq-contract.ts';
import { CallBatches } from './call-batches.ts';
import { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { TriageQueue } from '../queue/triage-queue.ts';

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

/**
 * The door of the queue. One Lua script wraps BullMQ's own scripts for adding and removing a job, so that the bounds
 * hold exactly under any number of ingesters, and row and job appear together or not at all.
 */
export class Admission {
  readonly #now: () => number;
  readonly #script: LuaScript;
  readonly #keys: StateKeys;
  readonly #bullmqKeys: string[];
  readonly #batches: CallBatches<AdmissionRequest, Exclude<AdmissionReply, Error>>;
  #settings: AdmissionSettings;

  /** @throws Error when the installed BullMQ is not the one that the script was written for. */
  constructor({ redis, key_prefix, queue, settings, now = Date.now }: AdmissionOptions) {
    this.#settings = settings;
    this.#now = now;
    const functions = bullmqFunctions(bullmqInternals(), ['bull_add', 'bull_remove']);
    const { keys, lua } = jobTemplate(queue);
    this.#bullmqKeys = keys;
    this.#keys = new StateKeys(key_prefix);
    this.#script = defineScript(redis, this.#keys, 'admission', {
      parts: ['fair-order', 'admission-batch'],
      prologue: functions + lua,
    });
    this.#batches = new CallBatches(async (requests) => this.#decide(requests));
  }

  /** What is admitted from now on follows other settings. */
  configure(settings: AdmissionSettings): void {
    this.#settings = settings;
  }

  /**
   * Queues an incident for a fault, or says why not. The outcome is counted, and the row is there when this resolves.
   * @param incidentId Its id, a UUID. A caller that may have to resend after a lost reply passes the same one again, and
   *   gets the same answer.
   * @throws Error of Redis: then it is not known whether the incident was queued, and the call may be resent.
   */
  async admit(clusterEvent: ClusterEvent, incidentId: string = randomUUID()): Promise<AdmissionOutcome> {
    const outcome = await this.#batches.call(this.#request(clusterEvent, incidentId));
    if (outcome.kind === 'standing') throw new Error(`admission of ${incidentId} was answered as an operator's`);
    return outcome;
  }

  /**
   * Puts an incident that has ended in the queue again: as a new one, which links to it and takes its members along. The
   * bounds hold; the dedup window does not.
   */
  async requeue(incident: Incident): Promise<RequeueOutcome> {
    return this.#again(incident.cluster_event, { requeueOf: incident.incident_id });
  }

  /** Has a member of an incident investigated by itself. It leaves the incident's list. */
  async splitOff(incident: Incident, { received_at, ...event }: IncidentMember): Promise<RequeueOutcome> {
    return this.#again({ ...incident.cluster_event, event, received_at }, { splitFrom: incident.incident_id });
  }

  async #again(
    clusterEvent: ClusterEvent,
    source: Pick<AdmissionRequest, 'requeueOf' | 'splitFrom'>,
  ): Promise<RequeueOutcome> {
    const place = placeOf(clusterEvent, this.#now());
    const outcome = await this.#batches.call({ ...this.#request(clusterEvent, randomUUID()), ...source, place });
    if (outcome.kind === 'queued' || outcome.kind === 'rejected' || outcome.kind === 'dropped_incoming') return outcome;
    return { kind: 'standing', incidentId: outcome.incidentId };
  }

  async #decide(requests: AdmissionRequest[]): Promise<AdmissionReply[]> {
    const { global_queue_size, cluster_queue_size, queue_overflow_policy, dedup_window_seconds } = this.#settings;
    const now = this.#now();
    const header: BatchHeader = {
      now,
      now_ms: String(now),
      now_text: new Date(now).toISOString(),
      dedup_until: String(now + Math.round(dedup_window_seconds * 1_000)),
      policy: queue_overflow_policy,
      global_queue_size,
      cluster_queue_size,
      most_members: MAX_MEMBERS,
      priorities: PRIORITIES,
    };
    const args = [JSON.stringify(header), ...requests.flatMap((request) => faultFields(request))];
    return BatchReply.parse(await this.#script(this.#bullmqKeys, args));
  }

  #request(clusterEvent: ClusterEvent, incidentId: string): AdmissionRequest {
    const { event, received_at } = clusterEvent;
    if (!z.guid().safeParse(incidentId).success)
      throw new RangeError(`incident id ${JSON.stringify(incidentId)} must be a UUID`);
    const receivedAt = Date.parse(received_at);
    if (!(receivedAt >= 0 && receivedAt < SEVERITY_BAND))
      throw new RangeError(
        `received_at ${JSON.stringify(received_at)} of incident ${incidentId} must be an RFC 3339 time`,
      );
    return {
      clusterEvent,
      incidentId,
      group: groupKey(event, this.#settings.grouping),
      place: placeOf(clusterEvent, receivedAt),
    };
  }
}

function placeOf({ event }: ClusterEvent, milliseconds: number): number {
  return SEVERITIES.indexOf(event.severity) * SEVERITY_BAND + milliseconds;
}
