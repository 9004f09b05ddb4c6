import type { Severity } from '../faults/severity.ts';
import type { SymptomFamily } from '../problems/symptom-families.ts';
import { type Alert, alertName, alertText, labelOf, OWN_ALERT_LABEL } from './alert.ts';
import type { AlertLabels } from './alert-labels.ts';
import { alertSubject, type AlertSubject } from './alert-subject.ts';

/** How alerts are assigned to clusters and objects. */
export interface AlertMapping {
  labels: AlertLabels;
  /** What the labels call a cluster, to its name in the configuration. */
  clusterNames: Readonly<Record<string, string>>;
  /** Names of the configured clusters. */
  clusters: readonly string[];
}

/** Why an alert is no fault. The list is closed: it is a metric label. */
export const DROPPED_ALERTS = ['own', 'no_fault', 'no_cluster', 'unknown_cluster', 'no_resource'] as const;
export type DroppedAlert = (typeof DROPPED_ALERTS)[number];

/** What an alert says, in terms of faults. */
export interface MappedAlert extends AlertSubject {
  cluster: string;
  faultType: string;
  severity: Severity;
  family: SymptomFamily;
}

/** Alerts that fire to show that alerting works, or that serve to inhibit others. */
const NO_FAULTS = new Set(['Watchdog', 'InfoInhibitor', 'DeadMansSwitch']);

const SEVERITY_WORDS: ReadonlyMap<string, Severity> = new Map([
  ['critical', 'critical'],
  ['crit', 'critical'],
  ['fatal', 'critical'],
  ['emergency', 'critical'],
  ['page', 'critical'],
  ['disaster', 'critical'],
  ['high', 'critical'],
  ['error', 'critical'],
  ['info', 'info'],
  ['informational', 'info'],
  ['notice', 'info'],
  ['low', 'info'],
]);

/** @param pathCluster the cluster that the address of the request names, which counts before the labels */
export function mapAlert(
  alert: Pick<Alert, 'labels' | 'annotations'>,
  { labels, clusterNames, clusters }: AlertMapping,
  pathCluster?: string,
): MappedAlert | DroppedAlert {
  const value = (use: 'cluster' | 'severity'): string | undefined =>
    labels[use].map((label) => labelOf(alert, label)).find((text) => text !== undefined);
  const severity = (value('severity') ?? '').toLowerCase();
  if (labelOf(alert, OWN_ALERT_LABEL) !== undefined) return 'own';
  if (severity === 'none' || NO_FAULTS.has(alertName(alert))) return 'no_fault';
  const named = pathCluster ?? value('cluster');
  const known = named !== undefined && Object.hasOwn(clusterNames, named) ? clusterNames[named] : named;
  const cluster = known ?? (clusters.length === 1 ? clusters[0] : undefined);
  if (cluster === undefined) return 'no_cluster';
  if (!clusters.includes(cluster)) return 'unknown_cluster';
  const subject = alertSubject(alert, labels);
  if (subject === undefined) return 'no_resource';
  return {
    ...subject,
    cluster,
    faultType: alertName(alert).slice(0, 200),
    severity: SEVERITY_WORDS.get(severity) ?? 'warning',
    family: familyOfAlert(alert),
  };
}

/** In this order: an alert about slow requests that fail is one about errors. */
const FAMILY_WORDS: readonly (readonly [SymptomFamily, RegExp])[] = [
  ['errors', /error|5xx|4xx|success[ _-]?rate|availability|failure rate|failed requests/i],
  ['latency', /latency|slow|duration|response[ _-]?time|p9\d/i],
  ['saturation', /saturat|throttl|cpu|memory|oom|disk|filesystem|fill|quota|connections|queue|backlog|lag\b/i],
];

/** By the name of the rule first: descriptions mention much. */
function familyOfAlert(alert: Pick<Alert, 'labels' | 'annotations'>): SymptomFamily {
  for (const text of [alertName(alert), alertText(alert)]) {
    const [family] = FAMILY_WORDS.find(([, words]) => words.test(text)) ?? [];
    if (family !== undefined) return family;
  }
  return 'alert';
}
