import type { CancelRequest } from '@nightcrier/core/incidents/cancel-request';
import { describeUsage } from '@nightcrier/core/incidents/agent-usage';
import { describeResource } from '@nightcrier/core/faults/fault';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import type { ApiClient } from '../api-client.ts';
import { incidentRow, incidentTable } from '../incident-table.ts';

/** `nightcrier incidents list`: prints incidents, newest first. */
export async function listIncidents(
  api: ApiClient,
  filter: Record<string, string>,
  format: 'table' | 'json',
): Promise<void> {
  const rows = (await api.incidents(filter)).map(incidentRow);
  if (format === 'json') for (const row of rows) console.log(JSON.stringify(row));
  else console.log(rows.length === 0 ? 'no incidents' : incidentTable(rows, process.stdout));
}

/** `nightcrier incidents show ID`: prints an incident and its report. */
export async function showIncident(api: ApiClient, id: string, format: 'table' | 'json'): Promise<void> {
  const incident = await api.incident(id);
  const report = await api.report(id);
  if (format === 'json') {
    console.log(escapeControls(JSON.stringify({ ...incident, report_markdown: report })));
    return;
  }
  const row = incidentRow(incident);
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
    ['received', incident.cluster_event.received_at],
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
  console.log(
    state === 'cancelled'
      ? `incident ${id} is cancelled`
      : `incident ${id} is ${state}; its worker stops it within seconds: nightcrier incidents show ${id}`,
  );
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
