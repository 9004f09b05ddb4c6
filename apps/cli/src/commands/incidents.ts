import type { CancelRequest } from '@nightcrier/core/incidents/cancel-request';
import { describeUsage } from '@nightcrier/core/incidents/agent-usage';
import { describeResource } from '@nightcrier/core/faults/fault';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import type { ApiClient } from '../api-client.ts';
import { ageOf, shownTime } from '../lists/duration.ts';
import { CAUSE, type IncidentRow, incidentRow, RESOURCE, shortId } from '../lists/incident-table.ts';
import { type ListColumn, printList } from '../lists/print-list.ts';
import type { ListFilter } from '../lists/list-filter.ts';
import { printRepeatedly } from '../lists/repeat.ts';

const COLUMNS: ListColumn<IncidentRow & { created_at: string; age: string }>[] = [
  { head: 'id', text: ({ incident_id: id }) => shortId(id) },
  { head: 'state', text: ({ state }) => state },
  { head: 'severity', text: ({ severity }) => severity },
  { head: 'cluster', text: ({ cluster }) => cluster, least: 11 },
  RESOURCE,
  CAUSE,
  { head: 'confidence', text: ({ confidence }) => (confidence === undefined ? '–' : `${confidence} %`), wide: true },
  { head: 'fault', text: ({ fault }) => fault, wide: true },
  { head: 'recurrences', text: ({ recurrences }) => String(recurrences), wide: true, number: true },
  { head: 'incident', text: ({ incident_id: id }) => id, wide: true },
  { head: 'age', text: ({ created_at: at }, times) => shownTime(Date.parse(at), times) },
];

/** `nightcrier incidents list`: prints incidents, newest first. */
export async function listIncidents(api: ApiClient, { watch, format, times, ...filter }: ListFilter): Promise<void> {
  const query = Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, String(value)]));
  await printRepeatedly(watch, async () => {
    const incidents = await api.incidents(query);
    const rows = incidents.map((incident) => ({
      ...incidentRow(incident),
      created_at: incident.created_at,
      age: ageOf(Date.parse(incident.created_at)),
    }));
    printList(rows, COLUMNS, { format, times, none: 'no incidents' });
  });
}

/** `nightcrier incidents show ID`: prints an incident and its report. */
export async function showIncident(api: ApiClient, prefix: string, format: 'table' | 'json'): Promise<void> {
  const id = await api.incidentId(prefix);
  const incident = await api.incident(id);
  const report = await api.report(id);
  if (format === 'json') {
    console.log(escapeControls(JSON.stringify({ ...incident, report_markdown: report })));
    return;
  }
  const row = incidentRow(incident);
  const received = incident.cluster_event.received_at;
  const facts: [string, string | number | undefined][] = [
    ['incident', row.incident_id],
    ['cluster', row.cluster],
    ['resource', row.resource],
    ['fault', `${row.fault} (${row.severity})`],
    ['state', incident.reason === undefined ? row.state : `${row.state}: ${incident.reason}`],
    ['cancelling', isFinal(incident.state) ? undefined : incident.cancel_requested_at],
    ['members', incident.member_count > 1 ? incident.member_count : undefined],
    ['previous', incident.previous_incident_id],
    ['requeued as', incident.requeued_as],
    ['received', `${received} (${ageOf(Date.parse(received))} ago)`],
    ['finished', incident.finished_at],
    ['recurrences', row.recurrences],
    ['attempts', incident.attempts],
    ['cause', causeOf(incident)],
    ['agent', incident.agent],
    ['caution', cautionOf(incident)],
    ['unverified', incident.report?.unverified?.map(({ kind, name }) => `${kind} ${name}`).join(', ')],
    ['usage', incident.usage && describeUsage(incident.usage)],
    ['workspace', incident.workspace],
  ];
  for (const [name, value] of facts)
    if (value !== undefined) console.log(escapeControls(`${name.padEnd(12)} ${value}`));
  for (const { faultId, severity, resource } of incident.members.slice(1)) {
    console.log(escapeControls(`member       ${faultId}  ${describeResource(resource)} (${severity})`));
  }
  console.log(`\n${escapeControls(report ?? 'no report')}`);
}

/** `nightcrier incidents cancel ID`: ends an open incident, or has its worker end it. */
export async function cancelIncident(api: ApiClient, id: string, request: CancelRequest): Promise<void> {
  const state = await api.cancel(id, request);
  const shown =
    state === 'cancelled'
      ? `incident ${id} is cancelled`
      : `incident ${id} is ${state}; its worker stops it within seconds: nightcrier incidents show ${id}`;
  console.log(escapeControls(shown));
}

/** Returns the code of the cause with its confidence, and whether it is determined. */
function causeOf({ report, determined }: Incident): string | undefined {
  if (!report) return undefined;
  const cause = report.diagnosis?.hypotheses[0]?.cause;
  const confidence = report.confidence === undefined ? [] : [`${report.confidence} %`];
  const facts = [...(cause ? [cause] : []), ...confidence, ...(determined === false ? ['not determined'] : [])];
  return facts.length === 0 ? undefined : facts.join(', ');
}

/** Returns a warning if the report has quotes that are not in the recorded command output. */
function cautionOf({ report }: Incident): string | undefined {
  if (!report?.unsupported) return undefined;
  const { count, quotes } = report.unsupported;
  const what = count === 1 ? 'a quote' : `${count} quotes`;
  return `${what} in the report not found in the recorded output, such as ${JSON.stringify(quotes[0])}`;
}
