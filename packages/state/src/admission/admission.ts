import { randomUUID } from 'node:crypto';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { admissionGroup } from '@nightcrier/core/problems/admission-group';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import type { Incident, IncidentMember } from '@nightcrier/core/incidents/incident';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { IncidentStore } from '../incidents/incidents.ts';
import { Problems } from '../problems/problems.ts';
import type { TriageQueue } from '../queue/triage-queue.ts';
import { type JobTemplate, jobTemplate } from '../queue/job-template.ts';
import { isFailoverError } from '../redis/failover-error.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';
import { type AdmissionReply, BatchReply, type RequeueOutcome } from './admission-reply.ts';
import { admissionArguments, type AdmissionRequest, evictionScore, SEVERITY_BAND } from './admission-request.ts';
import type { AdmissionSettings } from './admission-settings.ts';
import { CallBatches } from './call-batches.ts';

/**
 * Decides which faults become queued incidents. One Lua script runs BullMQ's own scripts for adding and removing a job,
 * so that the bounds are exact under any number of ingesters, and an incident's row and job appear together or not at all.
 */
export class Admission {
  readonly #redis: Redis;
  readonly #now: () => number;
  readonly #script: LuaScript;
  readonly #template: JobTemplate;
  readonly #batches: CallBatches<AdmissionRequest, Exclude<AdmissionReply, Error>>;
  readonly #problems: Problems;
  readonly #incidents: IncidentStore;
  #settings: AdmissionSettings;

  /**
   * @param context with a producer connection
   * @param queue packs the jobs; it may share the connection
   * @throws Error when the installed BullMQ has changed a script that admission runs
   */
  constructor(context: StateContext, queue: TriageQueue, settings: AdmissionSettings) {
    this.#settings = settings;
    this.#redis = context.redis;
    this.#now = context.now;
    this.#problems = new Problems(context);
    this.#incidents = new IncidentStore(context);
    this.#template = jobTemplate(queue);
    this.#script = defineScript(context, 'admission/admission');
    this.#batches = new CallBatches(async (requests) => this.#decide(requests));
  }

  /** Applies other settings to the calls from now on. */
  configure(settings: AdmissionSettings): void {
    this.#settings = settings;
  }

  /**
   * Queues an incident for a fault, or returns why not. The outcome is counted, and the row exists, when this resolves.
   * @param incidentId Its id, a UUID. A caller that resends after a lost reply passes the same id and gets the same outcome.
   * @throws Error of Redis: then it is unknown whether the incident was queued, and the call may be resent.
   */
  async admit(clusterEvent: ClusterEvent, incidentId: string = randomUUID()): Promise<AdmissionOutcome> {
    const outcome = await this.#batches.call(this.#request(clusterEvent, incidentId));
    if (outcome.kind === 'already_open')
      throw new Error(`admission of incident ${incidentId} returned already_open, which only a requeue may return`);
    return outcome;
  }

  /** Requeues an ended incident as a new one, which links to it and takes over its members. The bounds apply, the dedup window does not. */
  async requeue(incident: Incident): Promise<RequeueOutcome> {
    return this.#again(incident.cluster_event, { requeueOf: incident.incident_id });
  }

  /**
   * Queues another investigation of a problem, as a person has asked: the bounds apply, the rules for another investigation do not.
   * @returns undefined when nothing of the problem was investigated, or it is closed
   */
  async investigateAgain(cluster: string, key: string): Promise<RequeueOutcome | undefined> {
    const problem = await this.#problems.get(cluster, key);
    const [latest] = problem?.incidents ?? [];
    const incident =
      latest === undefined || problem?.state === 'closed' ? undefined : await this.#incidents.get(latest);
    return incident && this.requeue(incident);
  }

  /** Queues a member of an incident as an incident of its own, and removes it from the incident's list. */
  async splitOff(incident: Incident, { received_at, ...event }: IncidentMember): Promise<RequeueOutcome> {
    return this.#again({ ...incident.cluster_event, event, received_at }, { splitFrom: incident.incident_id });
  }

  /** Queues a member of a storm whose first problem does not explain it. */
  async leaveStorm(member: ClusterEvent, incidentOfStorm: string): Promise<RequeueOutcome> {
    return this.#again(member, { stormOf: incidentOfStorm });
  }

  async #again(
    clusterEvent: ClusterEvent,
    source: Pick<AdmissionRequest, 'requeueOf' | 'splitFrom' | 'stormOf'>,
  ): Promise<RequeueOutcome> {
    const request = this.#request(clusterEvent, randomUUID());
    const score = evictionScore(clusterEvent, this.#now());
    const outcome = await this.#batches.call({ ...request, ...source, evictionScore: score });
    if (outcome.kind === 'queued' || outcome.kind === 'rejected' || outcome.kind === 'dropped_incoming') return outcome;
    return { kind: 'already_open', incidentId: outcome.incidentId };
  }

  async #decide(requests: AdmissionRequest[]): Promise<AdmissionReply[]> {
    const { keys, args, options } = this.#template;
    const [header, ...faults] = admissionArguments(this.#settings, this.#now(), requests);
    const replies = BatchReply.parse(await this.#script(keys, [header, args, options, ...faults]));
    // The script reports the error of each fault, so the connection has not seen it.
    if (replies.some((reply) => reply instanceof Error && isFailoverError(reply.message))) this.#redis.disconnect(true);
    return replies;
  }

  #request(clusterEvent: ClusterEvent, incidentId: string): AdmissionRequest {
    const { received_at } = clusterEvent;
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
      group: admissionGroup(clusterEvent, this.#settings.grouping),
      evictionScore: evictionScore(clusterEvent, receivedAt),
    };
  }
}
