import { describeResource } from '@nightcrier/core/faults/fault';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import Table from 'cli-table3';

/** One incident, as tables and `-o json` show it. Text from clusters and agents is escaped, so that no terminal obeys it. */
export interface IncidentRow {
  incident_id: string;
  cluster: string;
  resource: string;
  fault: string;
  severity: string;
  state: string;
  /** Root cause of the report, or the reason of the state. Empty if there is neither. */
  root_cause: string;
  /** Percent. */
  confidence?: number;
  /** Whether the root cause is a conclusion. */
  determined?: boolean;
  /** From the receipt of the fault to the end of the incident. */
  seconds?: number;
  recurrences: number;
  workspace?: string;
}

export function incidentRow(incident: Incident): IncidentRow {
  const { cluster_event: source, finished_at: finishedAt } = incident;
  return {
    incident_id: escapeControls(incident.incident_id),
    cluster: escapeControls(source.cluster_name),
    resource: escapeControls(describeResource(source.event.resource)),
    fault: escapeControls(source.event.faultType),
    severity: incident.severity ?? source.event.severity,
    state: incident.state,
    root_cause: escapeControls(incident.report?.root_cause ?? incident.reason ?? ''),
    confidence: incident.report?.confidence,
    determined: incident.determined,
    seconds: finishedAt === undefined ? undefined : (Date.parse(finishedAt) - Date.parse(source.received_at)) / 1000,
    recurrences: incident.recurrences,
    workspace: incident.workspace,
  };
}

/** Enough of an id to be unique among the incidents of an installation, in most cases. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** Widths of the columns. The root cause takes the rest. */
const WIDTHS = { incident: 38, fault: 30, confidence: 16, time: 8 };
/** One border at the left of each column, and one at the end. */
const BORDERS = 6;
const LEAST_CAUSE = 24;
/** Longest root cause in a table, in characters. */
const LONGEST_CAUSE = 160;

/** Renders a table as wide as the terminal; 120 columns and no colors if the output is no terminal. */
export function incidentTable(
  rows: IncidentRow[],
  { columns = 120, isTTY }: Pick<NodeJS.WriteStream, 'isTTY'> & { columns?: number },
): string {
  const { incident, fault, confidence, time } = WIDTHS;
  const cause = Math.max(LEAST_CAUSE, columns - incident - fault - confidence - time - BORDERS);
  const table = new Table({
    head: ['incident', 'fault', 'root cause', 'confidence', 'time'],
    colWidths: [incident, fault, cause, confidence, time],
    wordWrap: true,
    style: { head: headStyle(isTTY), border: [], compact: rows.length > 20 },
  });
  for (const row of rows) {
    table.push([
      `${row.incident_id}\n${row.state}`,
      `${row.fault}\n${row.cluster}\n${row.resource.replace('/', '/\n')}`,
      row.root_cause === '' ? '–' : shorten(row.root_cause, LONGEST_CAUSE),
      row.confidence === undefined ? '–' : `${row.confidence} %${row.determined === false ? '\nnot determined' : ''}`,
      row.seconds === undefined ? '…' : `${row.seconds.toFixed(1)} s`,
    ]);
  }
  return table.toString();
}

/** Returns the style of a table's head: bold on a terminal, plain elsewhere. */
export function headStyle(isTTY = process.stdout.isTTY): string[] {
  return isTTY ? ['bold'] : [];
}

/** Returns the beginning of a text, with an ellipsis if it was cut. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;
}
