import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { describeResource } from '@nightcrier/core/faults/fault';
import { SEVERITIES, type Severity } from '@nightcrier/core/faults/severity';
import { ProblemPlace } from '@nightcrier/core/problems/problem';
import { isProblemGroup } from '@nightcrier/core/problems/admission-group';
import { stormTraits } from '@nightcrier/core/problems/storm';
import { causeSignature } from '@nightcrier/core/problems/cause-signature';
import { type IncidentMember, MAX_MEMBERS } from '@nightcrier/core/incidents/incident';
import type { TriageJob } from '../queue/triage-queue.ts';
import type { AdmissionSettings } from './admission-settings.ts';

/** What `lua/admission.lua` reads once for all faults of a call, as JSON in ARGV[1]. */
interface BatchHeader {
  /** Milliseconds since the epoch, as number, as text, and as RFC 3339. */
  now: number;
  now_ms: string;
  now_text: string;
  /** ms */
  reopen_window: number;
  reinvestigate_after: number;
  storm_threshold: number;
  /** End of the dedup window of the incidents of this call, ms as text. */
  dedup_until: string;
  policy: 'drop' | 'reject';
  global_queue_size: number;
  cluster_queue_size: number;
  /** Maximum of members that an incident lists. */
  most_members: number;
  /** All, the lowest first. */
  severities: typeof SEVERITIES;
  /** The first priority of each severity, in the order of SEVERITIES. */
  priorities: number[];
}

/** One fault that asks for admission. */
export interface AdmissionRequest {
  clusterEvent: ClusterEvent;
  incidentId: string;
  /** See `admissionGroup`. */
  group: string | undefined;
  /** See {@link evictionScore}. */
  evictionScore: number;
  /** From an operator: the ended incident to requeue, or the incident from which this member is split off. */
  requeueOf?: string;
  splitFrom?: string;
  /** The incident of the first problem of its storm, which does not explain it. */
  stormOf?: string;
}

/** Width of the scores of one severity. Times in ms stay below it until 2039. */
export const SEVERITY_BAND = 2 ** 41;

/** Returns the score among waiting incidents: the lowest is evicted first, which is the oldest of the lowest severity. */
export function evictionScore({ event }: ClusterEvent, milliseconds: number): number {
  return SEVERITIES.indexOf(event.severity) * SEVERITY_BAND + milliseconds;
}

/**
 * The first BullMQ priority of each severity; BullMQ starts the job with the lowest one. Within the band of a severity
 * the fair tag of `queue/lua/fair-tags` decides. BullMQ's range has room for four such bands.
 */
const FIRST_PRIORITY = { critical: 1, warning: 2 ** 19 + 1, info: 2 ** 20 + 1 } satisfies Record<Severity, number>;
const PRIORITIES = SEVERITIES.map((severity) => FIRST_PRIORITY[severity]);

/** Returns what `lua/admission.lua` reads as ARGV, but for the job template: the header, then the fields of each fault. */
export function admissionArguments(
  settings: AdmissionSettings,
  now: number,
  requests: AdmissionRequest[],
): [header: string, ...fields: string[]] {
  const header: BatchHeader = {
    now,
    now_ms: String(now),
    now_text: new Date(now).toISOString(),
    dedup_until: String(now + Math.round(settings.dedup_window_seconds * 1_000)),
    reopen_window: settings.reopen_window * 1_000,
    reinvestigate_after: settings.reinvestigate_after * 1_000,
    storm_threshold: settings.storm_threshold,
    policy: settings.queue_overflow_policy,
    global_queue_size: settings.global_queue_size,
    cluster_queue_size: settings.cluster_queue_size,
    most_members: MAX_MEMBERS,
    priorities: PRIORITIES,
    severities: SEVERITIES,
  };
  return [JSON.stringify(header), ...requests.flatMap((request) => faultFields(request))];
}

/** Maximum length of the context in a member, because a member is listed in many replies. */
const MEMBER_CONTEXT = 1_000;

/** Returns the fields of one fault in the order in which `lua/batch/read-faults.lua` reads them. */
function faultFields(request: AdmissionRequest): string[] {
  const { incidentId, group, evictionScore } = request;
  const { event, ...aroundEvent } = request.clusterEvent;
  const { cluster_name, received_at } = aroundEvent;
  const job: TriageJob = {
    incident_id: incidentId,
    cluster_name,
    fault_type: event.faultType,
    resource: describeResource(event.resource),
    severity: event.severity,
  };
  // The event comes first, so that the script can cut it out of the JSON as the member.
  const beginning = `{"event":${JSON.stringify(event)}`;
  return [
    incidentId,
    cluster_name,
    event.faultId,
    group ?? '',
    String(evictionScore),
    received_at,
    JSON.stringify(job),
    `${beginning},${JSON.stringify(aroundEvent).slice(1)}`,
    shortenedMember(request.clusterEvent) ?? String(Buffer.byteLength(beginning)),
    operationOf(request),
    ...problemFields(request),
  ];
}

/** Returns what is read of a fault that belongs to a problem: its cause, its place, and what it may share with a storm. */
function problemFields({ group, clusterEvent }: AdmissionRequest): [signature: string, about: string, traits: string] {
  if (!isProblemGroup(group)) return ['', '', ''];
  return [
    JSON.stringify(causeSignature(clusterEvent)),
    JSON.stringify(ProblemPlace.parse(clusterEvent)),
    JSON.stringify(stormTraits(clusterEvent)),
  ];
}

/** Returns undefined where the member is the whole event: then the script cuts it out, given where the event ends. */
function shortenedMember({ event, received_at }: ClusterEvent): string | undefined {
  if ((event.context?.length ?? 0) <= MEMBER_CONTEXT) return undefined;
  const member: IncidentMember = { ...event, context: event.context?.slice(0, MEMBER_CONTEXT), received_at };
  return JSON.stringify(member);
}

function operationOf({ requeueOf, splitFrom, stormOf }: AdmissionRequest): string {
  if (stormOf !== undefined) return `storm ${stormOf}`;
  if (requeueOf !== undefined) return `requeue ${requeueOf}`;
  return splitFrom === undefined ? '' : `split ${splitFrom}`;
}
