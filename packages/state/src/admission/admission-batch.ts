import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { describeResource } from '@nightcrier/core/faults/fault';
import type { IncidentMember } from '@nightcrier/core/incidents/incident';
import { SEVERITIES, type Severity } from '@nightcrier/core/faults/severity';
import { z } from 'zod';
import type { RequeueOutcome } from './admission.ts';
import type { TriageJob } from '../queue/triage-queue.ts';

/** What `admission.lua` reads once for all faults of a call. */
export interface BatchHeader {
  /** Milliseconds since the epoch, as text, and as RFC 3339. */
  now: number;
  now_ms: string;
  now_text: string;
  /** Until when the incidents of this call stand for their faults, ms as text. */
  dedup_until: string;
  policy: 'drop' | 'reject';
  global_queue_size: number;
  cluster_queue_size: number;
  /** Most members that an incident lists. */
  most_members: number;
  /** Of each severity in the order of SEVERITIES: its first priority. */
  priorities: number[];
}

/** What is asked about one fault. */
export interface AdmissionRequest {
  clusterEvent: ClusterEvent;
  incidentId: string;
  /** See `groupKey`. */
  group: string | undefined;
  /** Score among the waiting: the lowest gives way first. */
  place: number;
  /** Of an operator: the ended incident that is put in again, or the one that this member is split off from. */
  requeueOf?: string;
  splitFrom?: string;
}

/** Width of one severity in a place; times in ms stay below it until 2039. */
export const SEVERITY_BAND = 2 ** 41;

/**
 * The order of the jobs: BullMQ takes the lowest priority first. Each severity has a band of them, in which the fair tag
 * of `lua/fair-order.lua` decides; BullMQ allows for four such bands.
 */
const FIRST_PRIORITY = { critical: 1, warning: 2 ** 19 + 1, info: 2 ** 20 + 1 } satisfies Record<Severity, number>;
export const PRIORITIES = SEVERITIES.map((severity) => FIRST_PRIORITY[severity]);

/** Longest text that a member takes along: it is listed many times. */
const MEMBER_CONTEXT = 1_000;

/** The arguments of one fault, in the order in which `take_turn` of `admission.lua` reads them. */
export function faultFields(request: AdmissionRequest): string[] {
  const { incidentId, group, place } = request;
  const { event, ...aroundEvent } = request.clusterEvent;
  const { cluster_name, received_at } = aroundEvent;
  const job: TriageJob = {
    incident_id: incidentId,
    cluster_name,
    fault_type: event.faultType,
    resource: describeResource(event.resource),
    severity: event.severity,
  };
  // The fault first, for the sake of the members.
  const beginning = `{"event":${JSON.stringify(event)}`;
  return [
    incidentId,
    cluster_name,
    event.faultId,
    group ?? '',
    String(place),
    received_at,
    JSON.stringify(job),
    `${beginning},${JSON.stringify(aroundEvent).slice(1)}`,
    memberIfShorter(request.clusterEvent) ?? String(Buffer.byteLength(beginning)),
    operationOf(request),
  ];
}

/** Undefined where the member is the whole fault: then the script makes it of the event, when it is told where that ends. */
function memberIfShorter({ event, received_at }: ClusterEvent): string | undefined {
  if ((event.context?.length ?? 0) <= MEMBER_CONTEXT) return undefined;
  const member: IncidentMember = { ...event, context: event.context?.slice(0, MEMBER_CONTEXT), received_at };
  return JSON.stringify(member);
}

function operationOf({ requeueOf, splitFrom }: AdmissionRequest): string {
  if (requeueOf !== undefined) return `requeue ${requeueOf}`;
  return splitFrom === undefined ? '' : `split ${splitFrom}`;
}

type Answer = AdmissionOutcome | RequeueOutcome | Error;

const Evicted = z.tuple([z.string(), z.string()]).transform(([incidentId, cluster]) => ({ incidentId, cluster }));
const Bound = z.enum(['cluster', 'global']);
const Reply = z.union([
  z
    .tuple([z.literal('queued'), z.string()], Evicted)
    .transform(([kind, incidentId, ...evicted]) => ({ kind, incidentId, evicted })),
  z.tuple([z.literal('resent'), z.string()]).transform(([kind, incidentId]) => ({ kind, incidentId })),
  z
    .tuple([z.literal('deduplicated'), z.string(), z.number()])
    .transform(([kind, incidentId, recurrences]) => ({ kind, incidentId, recurrences })),
  z
    .tuple([z.literal('grouped'), z.string(), z.number()])
    .transform(([kind, incidentId, members]) => ({ kind, incidentId, members })),
  z.tuple([z.literal('standing'), z.string()]).transform(([kind, incidentId]) => ({ kind, incidentId })),
  z
    .tuple([z.literal('rejected'), z.string(), Bound])
    .transform(([kind, incidentId, bound]) => ({ kind, incidentId, bound })),
  z
    .tuple([z.literal('dropped_incoming'), z.string(), Bound], Evicted)
    .transform(([kind, incidentId, bound, ...evicted]) => ({ kind, incidentId, bound, evicted })),
  z.tuple([z.literal('failed'), z.string()]).transform(([, message]) => new Error(message)),
]) satisfies z.ZodType<Answer>;

/** What `admission.lua` returns. */
export const BatchReply = z.array(Reply);
export type AdmissionReply = z.infer<typeof Reply>;
