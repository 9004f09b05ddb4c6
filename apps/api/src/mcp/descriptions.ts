import { Health } from '@nightcrier/core/api/health-routes';
import { LIST_PROBLEMS } from '@nightcrier/core/api/problem-routes';
import { Incident } from '@nightcrier/core/incidents/incident';
import { Problem } from '@nightcrier/core/problems/problem';
import { symptomName } from '@nightcrier/core/problems/problem-key';

/** Clusters that are listed; the others are counted. */
const MOST_CLUSTERS = 100;
/** Characters of one part of a report. */
const PART = 30_000;

/** Each of these takes the JSON of an answer of the API, and returns what a model needs of it. */

export function describeProblems(json: string): string {
  const { problems, next } = LIST_PROBLEMS.answers[200].parse(JSON.parse(json));
  return lines({ problems: problems.map(summaryOf), ...(next !== undefined && { next }) });
}

export function describeProblem(json: string): string {
  const {
    place,
    recurrences,
    symptoms,
    incidents,
    members,
    member_of,
    silenced,
    acknowledged,
    recovered_at,
    ...problem
  } = Problem.parse(JSON.parse(json));
  return lines({
    ...summaryOf({ ...problem, symptoms, incidents, recurrences, acknowledged, silenced }),
    recovered: recovered_at === undefined ? undefined : new Date(recovered_at).toISOString(),
    recurrences,
    place,
    symptoms: symptoms.map((symptom) => ({
      name: symptomName(symptom),
      state: symptom.state,
      fault_type: symptom.fault_type,
      severity: symptom.severity,
      resource: symptom.resource,
      since: new Date(symptom.since).toISOString(),
    })),
    acknowledged,
    silenced,
    incidents: incidents.slice(0, 20),
    stands_for: members?.slice(0, 50),
    member_of,
  });
}

function summaryOf({
  cluster,
  key,
  state,
  severity,
  since,
  symptoms,
  incidents,
  flapping,
  acknowledged,
  silenced,
  message,
}: Problem): object {
  return {
    cluster,
    key,
    state,
    severity,
    since: new Date(since).toISOString(),
    faults: [...new Set(symptoms.map(({ fault_type: type }) => type))],
    message,
    flapping: flapping || undefined,
    acknowledged_by: acknowledged?.by,
    silenced: silenced === undefined ? undefined : true,
    latest_incident: incidents[0],
  };
}

export function describeDiagnosis(json: string): string {
  const { incident_id, state, reason, cluster_event, created_at, finished_at, agent, determined, report } =
    Incident.parse(JSON.parse(json));
  const { cluster_name: cluster, event } = cluster_event;
  return lines({
    incident_id,
    state,
    reason,
    cluster,
    fault: event,
    created_at,
    finished_at,
    agent,
    determined,
    diagnosis: report ?? 'none: there is no report',
  });
}

export function describeClusters(json: string, name: string | undefined): string {
  const { clusters, summary, configuration, redis } = Health.parse(JSON.parse(json));
  if (name !== undefined) {
    const cluster = clusters.find((one) => one.name === name);
    return cluster ? lines(cluster) : `There is no cluster ${JSON.stringify(name)}; there are ${summary.total}.`;
  }
  const isImpaired = ({ status, degraded }: Health['clusters'][number]): boolean =>
    status !== 'active' || degraded !== undefined;
  const ordered = [...clusters.filter(isImpaired), ...clusters.filter((cluster) => !isImpaired(cluster))];
  return lines({
    summary,
    configuration,
    redis,
    clusters: ordered
      .slice(0, MOST_CLUSTERS)
      .map(({ name: shown, status, error, degraded, last_contact, blind_seconds }) => ({
        name: shown,
        status,
        error,
        degraded,
        last_contact,
        blind_seconds,
      })),
    ...(ordered.length > MOST_CLUSTERS && { not_listed: ordered.length - MOST_CLUSTERS }),
  });
}

/** Returns a part of a text, and how to get the rest. */
export function partOf(text: string, offset: number): string {
  const end = Math.min(text.length, offset + PART);
  const rest = end < text.length ? `\n\n[${text.length - end} of ${text.length} characters follow: offset ${end}]` : '';
  return `${text.slice(offset, end)}${rest}`;
}

function lines(value: object): string {
  return JSON.stringify(value, undefined, 1);
}
