import type { AuditEntry } from '@nightcrier/core/access/audit-entry';
import { describeResource } from '@nightcrier/core/faults/fault';
import type { Incident } from '@nightcrier/core/incidents/incident';
import type { RememberedSymptom } from '@nightcrier/core/problems/problem';
import type { Delivery } from '@nightcrier/state/notifications/deliveries';
import { type Html, html } from '../../html/html.ts';
import { incidentMark, mark } from '../shown/marks.ts';
import { clockTag } from '../shown/time.ts';
import type { ProblemData } from './problem-data.ts';

interface Entry {
  /** Milliseconds. */
  at: number;
  kind: 'symptom' | 'recovery' | 'investigation' | 'notification' | 'silence' | 'person';
  text: Html;
}

/** Returns what happened, from the first symptom to the recovery. */
export function timeline(data: ProblemData): Html {
  const { problem, incidents, audit, deliveries } = data;
  const entries = [
    ...problem.symptoms.flatMap(ofSymptom),
    ...incidents.flatMap(ofIncident),
    ...audit.map(ofAudit),
    ...recoveries(problem),
    ...(problem.silenced === undefined ? [] : [silence(problem.silenced, problem.since)]),
    ...deliveries.map(ofDelivery),
  ];
  const items = entries
    .filter(({ at }) => Number.isFinite(at))
    .toSorted((one, other) => one.at - other.at)
    .map(
      ({ at, kind, text }) =>
        html`<li class="${kind}">${clockTag(at)} <span class="kind">${kind}</span> <span>${text}</span></li>`,
    );
  return html`<ol class="timeline">${items}</ol>`;
}

function entry(at: number | string, kind: Entry['kind'], text: Html): Entry {
  return { at: new Date(at).getTime(), kind, text };
}

function ofSymptom({
  fault_type: type,
  resource,
  since,
  fired_at: fired,
  cleared_at: cleared,
}: RememberedSymptom): Entry[] {
  const name = html`<strong>${type}</strong> of ${describeResource(resource)}`;
  return [
    entry(since, 'symptom', html`${name} began`),
    ...(fired - since >= 1_000 ? [entry(fired, 'symptom', html`${name} is a fault`)] : []),
    ...(cleared === undefined ? [] : [entry(cleared, 'recovery', html`${name} was cleared`)]),
  ];
}

function ofIncident(incident: Incident): Entry[] {
  const {
    incident_id: id,
    state,
    created_at,
    started_at,
    finished_at,
    recurrences,
    last_seen,
    agent,
    reason,
  } = incident;
  const name = html`investigation <code>${id.slice(0, 8)}</code>`;
  return [
    entry(created_at, 'investigation', html`${name} queued`),
    ...(started_at === undefined
      ? []
      : [entry(started_at, 'investigation', html`${name} started${agent && ` (${agent})`}`)]),
    ...(finished_at === undefined
      ? []
      : [
          entry(
            finished_at,
            'investigation',
            html`${name} ended: ${incidentMark(state)} ${reason && html`<span class="quiet">${reason}</span>`}`,
          ),
        ]),
    ...(recurrences === 0
      ? []
      : [entry(last_seen, 'symptom', html`received again, ${recurrences} times in all, the last time now`)]),
  ];
}

function ofAudit({ at, by, action, details }: AuditEntry): Entry {
  const more = Object.entries(details).map(
    ([name, value]) => html` <span class="quiet">${name.replaceAll('_', ' ')}: ${value}</span>`,
  );
  return entry(at, 'person', html`<strong>${by}</strong>: ${action.replaceAll('_', ' ')}${more}`);
}

function ofDelivery({ at, target, event, repeat, outcome, error }: Delivery): Entry {
  const what = `${event.replaceAll('_', ' ')}${repeat ? ', again' : ''}`;
  return outcome === 'delivered'
    ? entry(at, 'notification', html`<strong>${target}</strong> notified: ${what}`)
    : entry(
        at,
        'notification',
        html`${mark('critical', 'not delivered')} <strong>${target}</strong>: ${what}${error && html` <span class="quiet">${error}</span>`}`,
      );
}

function recoveries({ recovered_at: recovered, closed_at: closed }: ProblemData['problem']): Entry[] {
  return [
    ...(recovered === undefined ? [] : [entry(recovered, 'recovery', html`<strong>recovered</strong>`)]),
    ...(closed === undefined ? [] : [entry(closed, 'recovery', html`closed`)]),
  ];
}

function silence({ by, until, reason }: NonNullable<ProblemData['problem']['silenced']>, since: number): Entry {
  return entry(since, 'silence', html`silenced by ${by} until ${until ?? 'it is lifted'}: ${reason}`);
}
