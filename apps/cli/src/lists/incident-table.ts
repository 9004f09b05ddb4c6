import { describeResource } from '@nightcrier/core/faults/fault';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { type ListColumn, renderList } from './print-list.ts';

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
  /** Title of the report. */
  title?: string;
  /** Code of the cause, such as `oom_limit`, where it is a conclusion. */
  cause?: string;
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
    title: incident.report && escapeControls(incident.report.title),
    cause: incident.report?.diagnosis?.determined ? incident.report.diagnosis.hypotheses[0]?.cause : undefined,
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

/** Without its kind where there is little room. */
export const RESOURCE: ListColumn<IncidentRow> = {
  head: 'resource',
  text: ({ resource }) => resource,
  shortText: ({ resource }) => (resource.includes('/') ? resource.replace(/^\w+ /, '') : resource),
  least: 12,
};

/** The title of the report; its code where there is little room, since the beginning of a sentence says nothing. */
export const CAUSE: ListColumn<IncidentRow> = {
  head: 'cause',
  text: ({ title, root_cause: cause }) => title ?? (cause || '–'),
  shortText: ({ title, cause, root_cause }) => cause ?? title ?? (root_cause || '–'),
  enough: 40,
  least: 10,
};

const COLUMNS: ListColumn<IncidentRow>[] = [
  { head: 'id', text: ({ incident_id: id }) => shortId(id) },
  { head: 'state', text: ({ state }) => state },
  { head: 'cluster', text: ({ cluster }) => cluster, least: 11 },
  RESOURCE,
  CAUSE,
  { head: 'confidence', text: confidenceOf },
  { head: 'time', text: ({ seconds }) => (seconds === undefined ? '…' : `${seconds.toFixed(1)} s`) },
];

/** Renders incidents as the demo shows them at its end. @param width undefined: the output is no terminal */
export function incidentTable(rows: IncidentRow[], width: number | undefined): string {
  return renderList(rows, COLUMNS, { format: 'table', none: 'no incidents', width });
}

function confidenceOf({ confidence, determined }: IncidentRow): string {
  if (confidence === undefined) return '–';
  return `${confidence} %${determined === false ? ', not determined' : ''}`;
}

/** Returns the beginning of a text, with an ellipsis if it was cut. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;
}
