import { describeResource } from '@nightcrier/core/faults/fault';
import type { Incident } from '@nightcrier/core/incidents/incident';
import Table from 'cli-table3';

/** One incident in the words of the tables and of `-o json`. */
export interface IncidentRow {
  incident_id: string;
  cluster: string;
  resource: string;
  fault: string;
  severity: string;
  state: string;
  root_cause: string;
  /** Percent. */
  confidence?: number;
  /** From the receipt of the fault to the end of the investigation. */
  seconds?: number;
  recurrences: number;
  workspace?: string;
}

/** What a person wants to see of an incident at a glance. */
export function incidentRow(incident: Incident): IncidentRow {
  const { cluster_event: source, finished_at: finishedAt } = incident;
  return {
    incident_id: incident.incident_id,
    cluster: source.cluster_name,
    resource: describeResource(source.event.resource),
    fault: source.event.faultType,
    severity: source.event.severity,
    state: incident.state,
    root_cause: incident.report?.root_cause ?? incident.reason ?? '',
    confidence: incident.report?.confidence,
    seconds: finishedAt === undefined ? undefined : (Date.parse(finishedAt) - Date.parse(source.received_at)) / 1000,
    recurrences: incident.recurrences,
    workspace: incident.workspace,
  };
}

/** Widths of the columns beside the root cause, which takes what is left. */
const WIDTHS = { cluster: 17, resource: 32, fault: 19, confidence: 12, time: 8 };
/** Each column has a border at its left, and the last one another at its right. */
const BORDERS = 7;
/** The report has the rest. */
const LONGEST_CAUSE = 160;

/** A table for the terminal, as wide as that is. */
export function incidentTable(rows: IncidentRow[], width = 120): string {
  const { cluster, resource, fault, confidence, time } = WIDTHS;
  const cause = Math.max(24, width - cluster - resource - fault - confidence - time - BORDERS);
  const table = new Table({
    head: ['cluster', 'resource', 'fault', 'root cause', 'confidence', 'time'],
    colWidths: [cluster, resource, fault, cause, confidence, time],
    wordWrap: true,
    style: { head: ['bold'], border: [], compact: rows.length > 20 },
  });
  for (const row of rows) {
    table.push([
      row.cluster,
      row.resource.replace('/', '/\n'),
      row.fault,
      row.root_cause === '' ? row.state : shorten(row.root_cause, LONGEST_CAUSE),
      row.confidence === undefined ? '–' : `${row.confidence} %`,
      row.seconds === undefined ? '…' : `${row.seconds.toFixed(1)} s`,
    ]);
  }
  return table.toString();
}

/** The beginning of a text, with an ellipsis where it was cut. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;
}
