import type { Severity } from '@nightcrier/core/faults/severity';
import type { Notice } from './notice.ts';

const SEVERITY_SIGNS: Record<Severity, string> = { critical: '🔴', warning: '🟠', info: '🔵' };

/** Returns the title of a problem: that of its report, or what is known without one. Text of clusters and agents. */
export function titleOf({ problem, incident }: Notice): string {
  if (problem.message !== undefined) return problem.message;
  const fault = problem.fault_types[0] ?? 'Fault';
  const place = problem.namespace === undefined ? problem.workload : `${problem.namespace}/${problem.workload}`;
  return incident?.title ?? `${fault}: ${place}`;
}

/** Returns the headline: a sign in the color of the state, what has changed, and the title. */
export function headlineOf(notice: Notice): string {
  const { problem } = notice;
  const over = problem.state === 'firing' ? undefined : problem.state === 'recovered' ? 'Recovered' : 'Closed';
  if (over !== undefined) return `🟢 ${over}: ${titleOf(notice)}`;
  const change = problem.flapping ? 'Flapping: ' : notice.repeat ? 'Still firing: ' : (CHANGES[notice.event] ?? '');
  return `${SEVERITY_SIGNS[problem.severity]} ${change}${titleOf(notice)}`;
}

const CHANGES: Partial<Record<Notice['event'], string>> = {
  reopened: 'Reopened: ',
  severity_raised: 'More severe: ',
  investigation_failed: 'Not investigated: ',
};

/** One line about the state of a problem: since when, how often, who has acknowledged it. */
export function statusOf({ problem, incident }: Notice): string {
  const { state, since, recovered_at, acknowledged, recurrences, members } = problem;
  const parts = [
    state === 'firing'
      ? `Firing since ${utc(since)}`
      : `${state === 'recovered' ? 'Recovered' : 'Closed'}${recovered_at === undefined ? '' : ` at ${utc(recovered_at)}`}, fired at ${utc(since)}`,
    recurrences > 0 && `seen ${recurrences + 1} times`,
    members !== undefined && members.length > 0 && `stands for ${members.length} other problems`,
    acknowledged && `acknowledged by ${acknowledged.by}`,
    state === 'firing' && incident && INVESTIGATION[incident.state],
  ];
  return parts.filter(Boolean).join(' · ');
}

const INVESTIGATION: Record<string, string> = { queued: 'investigation queued', investigating: 'being investigated' };

/** The facts of a problem and its latest investigation: names and values, without those that are not known. */
export function factsOf({ problem, incident }: Notice): [name: string, value: string][] {
  const labels = Object.entries(problem.labels).map(([name, value]) => `${name}=${value}`);
  const { tokens, cost_usd: cost } = incident ?? {};
  const used = [tokens !== undefined && `${tokens} tokens`, cost !== undefined && `$${cost.toFixed(cost < 1 ? 3 : 2)}`];
  const entries: [name: string, value: string | undefined][] = [
    ['Cluster', problem.cluster === '-' ? undefined : problem.cluster],
    ['Environment', problem.environment],
    ['Labels', labels.join(', ') || undefined],
    ['Component', problem.component],
    ['Namespace', problem.namespace],
    ['Workload', problem.component === undefined ? problem.workload : undefined],
    ['Node', problem.node],
    ['Resource', incident?.resource],
    ['Fault', problem.fault_types.join(', ') || undefined],
    ['Severity', problem.severity],
    ['Cause', incident?.cause],
    ['Confidence', confidenceOf(incident)],
    ['Seen', seen(problem.recurrences, incident?.members ?? 1)],
    ['Took', incident?.duration_seconds === undefined ? undefined : duration(incident.duration_seconds)],
    ['Agent', incident?.agent],
    ['Used', used.filter((part) => part !== false).join(', ') || undefined],
  ];
  return entries.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

function confidenceOf(incident: Notice['incident']): string | undefined {
  if (incident?.confidence === undefined) return undefined;
  return `${incident.confidence} %${incident.determined === false ? ' (not determined)' : ''}`;
}

function seen(recurrences: number, members: number): string {
  const times = recurrences === 0 ? 'once' : `${recurrences + 1} times`;
  return members > 1 ? `${times}, ${members} resources` : times;
}

/** A paragraph below the facts. Text of clusters and agents, Markdown within a line. */
export interface Paragraph {
  heading: string;
  text?: string;
  /** Numbered steps. */
  steps?: string[];
}

const MOST_STEPS = 5;

/** Returns the root cause, what to do first, and what to be careful about. */
export function paragraphsOf({ incident }: Notice): Paragraph[] {
  if (!incident) return [];
  const { root_cause, determined, reason, recommendations, unverified_resources, knowledge } = incident;
  const { unsupported_quotes: unsupported } = incident;
  const found: (Paragraph | false | undefined | '' | 0)[] = [
    root_cause && { heading: determined === false ? 'Cause not determined' : 'Root cause', text: root_cause },
    reason && { heading: 'Note', text: reason },
    recommendations.length > 0 && { heading: 'Recommended', steps: recommendations.slice(0, MOST_STEPS) },
    unverified_resources && {
      heading: 'Caution',
      text: `not known to exist: ${unverified_resources.join(', ')}. Check before you act.`,
    },
    knowledge && { heading: 'Knowledge', text: knowledge.map(articleLine).join('\n') },
    unsupported && {
      heading: 'Caution',
      text: `${unsupported} of the report's quotes are not in the recorded evidence. Check them before you act.`,
    },
  ];
  return found.filter((paragraph) => typeof paragraph === 'object');
}

type Article = NonNullable<NonNullable<Notice['incident']>['knowledge']>[number];

function articleLine({ title, file, links: [first] }: Article): string {
  return `${title} (${file})${first ? `: ${first.url}` : ''}`;
}

/** Returns the ids at the end of a message. */
export function footerOf({ problem, incident }: Notice): string {
  if (!incident) return `Problem ${problem.key}`;
  const previous = incident.previous_incident_id;
  return `Incident ${incident.incident_id}${previous === undefined ? '' : `, after ${previous}`}`;
}

/** `2026-11-26 12:00 UTC` */
function utc(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `42 s`, `3 min 5 s`, `2 h 10 min` */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
