import type { Incident } from '@nightcrier/core/incidents/incident';
import { Acknowledgement, type Problem, SilencedBy } from '@nightcrier/core/problems/problem';
import type { NotifiedIncident, ProblemNotification } from '@nightcrier/core/problems/problem-notification';
import { symptomName, type Workload, workloadOfKey } from '@nightcrier/core/problems/problem-key';
import { z } from 'zod';
import type { DueProblem } from './due-problem.ts';

/**
 * Composes a notification of what was written when the problem changed, and of what is known of it now. The row may be gone, or
 * be about a later spell.
 */
export function composeNotification(
  { id, sequence, event, at, cluster, key, problem: then }: DueProblem,
  problem: Problem | undefined,
  incident: Incident | undefined,
): ProblemNotification {
  const symptoms = (problem?.symptoms ?? []).toSorted((one, other) => orderOf(one) - orderOf(other));
  const workload = symptoms[0]?.workload ?? workloadOfKey(key);
  const source = incident?.cluster_event;
  const types = [...symptoms.map(({ fault_type }) => fault_type), ...(incident?.members ?? []).map((m) => m.faultType)];
  return {
    id,
    sequence,
    event,
    at: timeText(at),
    problem: {
      cluster,
      key,
      state: then.state,
      severity: then.severity,
      since: timeText(then.since),
      ...(then.recovered_at !== undefined && { recovered_at: timeText(then.recovered_at) }),
      ...(source?.environment !== undefined && { environment: source.environment }),
      labels: source?.labels ?? {},
      ...(workload.namespace !== undefined && { namespace: workload.namespace }),
      workload: workload.name,
      ...nodeOf(source, workload),
      fault_types: [...new Set(types)],
      symptoms: [...new Set(symptoms.map(symptomName))],
      recurrences: then.recurrences,
      flapping: then.flapping,
      ...(problem?.component !== undefined && { component: problem.component }),
      ...(problem?.message !== undefined && { message: problem.message }),
      ...optional('acknowledged', jsonOf(Acknowledgement, then.acknowledged)),
      ...optional('silenced', jsonOf(SilencedBy, then.silenced)),
      ...optional('members', jsonOf(z.array(z.string()), then.members)),
    },
    ...(incident && { incident: notifiedIncident(incident) }),
  };
}

/** What is firing first, then the latest. */
function orderOf({ state, fired_at }: Problem['symptoms'][number]): number {
  return (state === 'firing' ? -1 : 1) * 1e14 - fired_at;
}

const NODE = 'Node/';

function nodeOf(source: Incident['cluster_event'] | undefined, { name }: Workload): { node?: string } {
  const node = name.startsWith(NODE) ? name.slice(NODE.length) : source?.node;
  return node === undefined ? {} : { node };
}

function notifiedIncident(incident: Incident): NotifiedIncident {
  const { incident_id: id, state, report, reason, agent, determined } = incident;
  return {
    id,
    state,
    ...(report && {
      title: report.title,
      root_cause: report.root_cause,
      ...optional('confidence', report.confidence),
      ...optional('cause', report.diagnosis?.hypotheses[0]?.cause),
      report: `/api/incidents/${encodeURIComponent(id)}/report`,
    }),
    ...optional('determined', determined),
    recommendations: report?.recommendations ?? [],
    ...optional('reason', reason),
    ...optional('agent', agent),
  };
}

function optional<K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } {
  const entry: { [key in K]?: V } = {};
  if (value !== undefined) entry[name] = value;
  return entry;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

function jsonOf<T extends z.ZodType>(schema: T, text: string | undefined): z.infer<T> | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
