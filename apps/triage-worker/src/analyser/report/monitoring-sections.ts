import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { type Alert, type Evidence, type MetricsPiece, piecesOf } from '../../evidence/evidence.ts';
import { code, plain } from '../safe-text.ts';

const MOST_SERIES = 3;
/** Labels that every alert of a Prometheus has, or that the report names elsewhere. */
const OMITTED = new Set(['alertname', 'prometheus', 'endpoint', 'instance', 'job', 'severity']);

/** Returns the alert that a fault was received as; undefined for a fault of the cluster. */
export function alertOf(evidence: Evidence, { faultType }: FaultEvent): Alert | undefined {
  return piecesOf(evidence, 'alerts')
    .flatMap(({ alerts }) => alerts)
    .find(({ labels }) => labels['alertname'] === faultType);
}

/** What an alert says in one line, for a title. */
export function alertTitle({ labels, annotations }: Alert): string {
  const said = annotations['summary'] ?? annotations['description'] ?? annotations['message'];
  const name = plain(labels['alertname'] ?? 'Alert');
  return said === undefined ? name : `${name}: ${plain(said)}`;
}

/** The runbook of a rule, as a recommendation. */
export function runbookOf(alert: Alert | undefined): string[] {
  const url = alert?.annotations['runbook_url'];
  return url === undefined ? [] : [`Follow the runbook of the rule: ${code(url)}`];
}

/** The alert that fired, and the values of the metrics that were read: sections of the report, none where there are none. */
export function monitoringSections(evidence: Evidence, fault: FaultEvent): string[] {
  const alert = alertOf(evidence, fault);
  const metrics = piecesOf(evidence, 'metrics');
  return [
    ...(alert ? ['## Alert', alertLines(alert).join('\n')] : []),
    ...(metrics.length > 0 ? ['## Metrics', metrics.map(metricLines).join('\n')] : []),
  ];
}

function alertLines({ labels, annotations, startsAt }: Alert): string[] {
  const { summary, description, message, runbook_url } = annotations;
  const others = Object.entries(labels).filter(([name]) => !OMITTED.has(name));
  const said = [summary, description, message].filter((text) => text !== undefined);
  return [
    `- Since: ${code(startsAt)}`,
    ...said.map((text) => `- ${code(text, 500)}`),
    `- Labels: ${code(others.map(([name, value]) => `${name}=${value}`).join(' '), 500)}`,
    ...(runbook_url === undefined ? [] : [`- Runbook: ${code(runbook_url)}`]),
  ];
}

function metricLines({ name, meaning, series, command }: MetricsPiece): string {
  const values = series.slice(0, MOST_SERIES).map(({ labels, value }) => `${code(labelText(labels))} ${round(value)}`);
  const more = series.length > MOST_SERIES ? `, and ${String(series.length - MOST_SERIES)} more` : '';
  return `- ${name} (${meaning}): ${values.join(', ')}${more}. ${code(command, 500)}`;
}

function labelText(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** Three digits say enough. */
function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}
