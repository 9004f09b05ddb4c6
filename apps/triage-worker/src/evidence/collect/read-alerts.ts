import { Alert, alertFingerprint, labelOf, OWN_ALERT_LABEL } from '@nightcrier/core/alerts/alert';
import type { StoredAlert } from '@nightcrier/core/alerts/stored-alert';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { z } from 'zod';
import type { Alert as EvidenceAlert, AlertsPiece, EvidenceGap } from '../evidence.ts';
import { shellWord } from '../kubectl-command.ts';
import { type MonitoringClient, MonitoringError } from './monitoring-client.ts';

/** Alerts of one incident; a large cluster can have thousands. */
const MOST_ALERTS = 100;

const Listed = z.array(z.unknown());

/**
 * Returns the received alerts that concern an incident: its own, also one that has ended meanwhile; then those that fire for its
 * problem, for its namespace, and for nodes.
 */
export function relevantAlerts(stored: readonly StoredAlert[], { alert, event, problem }: ClusterEvent): Alert[] {
  const { namespace } = event.resource;
  const rankOf = (one: StoredAlert): number => {
    if (one.problem === problem) return 0;
    if (namespace !== undefined && one.resource.namespace === namespace) return 1;
    return one.resource.kind === 'Node' ? 2 : 3;
  };
  const firing = stored
    .filter((one) => one.state === 'firing' && rankOf(one) < 3)
    .sort((one, other) => rankOf(one) - rankOf(other) || one.starts_at - other.starts_at)
    .map((one) => one.alert);
  return [...(alert ? [alert] : []), ...firing];
}

/**
 * Asks an Alertmanager for what fires in the namespace of the incident, or for its node.
 * @throws the signal's reason
 */
export async function queryAlertmanager(
  client: MonitoringClient,
  url: string,
  filters: readonly string[],
  now: () => Date,
): Promise<Alert[] | EvidenceGap> {
  const query = [
    ...(['active=true', 'silenced=false', 'inhibited=false'] as const).map((pair) => pairOf(pair)),
    ...filters.map((filter) => ['filter', filter] as const),
  ];
  try {
    const answer = Listed.safeParse(await client.getJson(url, '/api/v2/alerts', query));
    const alerts = (answer.data ?? []).flatMap((one) => Alert.safeParse(one).data ?? []);
    return alerts.slice(0, MOST_ALERTS);
  } catch (error) {
    if (!(error instanceof MonitoringError)) throw error;
    const command = alertmanagerCommand(url, filters);
    return { type: 'gap', command, at: now().toISOString(), code: error.code, reason: error.message };
  }
}

/** One piece of all alerts, each once; nothing where none fires. */
export function alertsPiece(alerts: readonly Alert[], command: string, at: string): AlertsPiece[] {
  const byFingerprint = new Map(
    alerts.map((alert): [string, EvidenceAlert] => [alertFingerprint(alert), plain(alert)]),
  );
  const unique = [...byFingerprint.values()].filter(
    (alert) =>
      labelOf(alert, 'severity') !== 'none' &&
      labelOf(alert, 'alertname') !== 'Watchdog' &&
      labelOf(alert, OWN_ALERT_LABEL) === undefined,
  );
  return unique.length === 0 ? [] : [{ type: 'alerts', alerts: unique.slice(0, MOST_ALERTS), command, at }];
}

/** The command that shows the same. */
export function alertmanagerCommand(url: string | undefined, filters: readonly string[]): string {
  const server = url === undefined ? [] : [`--alertmanager.url=${url}`];
  return ['amtool', 'alert', 'query', ...server, ...filters.map(shellWord)].join(' ');
}

function plain({ labels, annotations, startsAt }: Alert): EvidenceAlert {
  return { labels, annotations, startsAt };
}

function pairOf(text: string): readonly [string, string] {
  const [name = '', value = ''] = text.split('=');
  return [name, value];
}
