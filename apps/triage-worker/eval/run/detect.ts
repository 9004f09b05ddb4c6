import { detectHistory } from '@nightcrier/cluster/detection/detect-history';
import { faultFingerprint, type FaultEvent } from '@nightcrier/core/faults/fault';
import { SEVERITIES } from '@nightcrier/core/faults/severity';
import type { Alert } from '../../src/evidence/evidence.ts';
import type { ClusterState } from '../eval-case.ts';

/** For how long a cluster is watched after the recording: longer than every grace period of the detector that ends at all. */
const WATCHED_MS = 6 * 60_000;

/** What began longer before the recording than this was an incident of its own then, which had its report. */
const PAST_MS = 3_600_000;

/**
 * The incidents of a case: what the product's detector reports of a cluster that stays as it was recorded, then its alerts.
 * The most severe come first, of these the earliest.
 */
export function detectIncidents(cluster: string, state: ClusterState): FaultEvent[] {
  const { takenAt, objects, alerts } = state;
  const history = [0, WATCHED_MS].map((later) => ({ at: new Date(takenAt.getTime() + later), objects }));
  const fired = detectHistory(cluster, history).flatMap(({ change, fault }) =>
    change === 'fired' && fault ? [fault] : [],
  );
  const faults = [...fired, ...alerts.map((alert) => faultOfAlert(cluster, alert))];
  const byIdentity = new Map(faults.map((fault) => [fault.faultId, fault]));
  const isOld = ({ timestamp }: FaultEvent) => Number(takenAt.getTime() - Date.parse(timestamp) > PAST_MS);
  return [...byIdentity.values()].sort(
    (a, b) =>
      isOld(a) - isOld(b) ||
      SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
      Date.parse(a.timestamp) - Date.parse(b.timestamp),
  );
}

/** An alert as a fault: about the service or node that its labels name. */
function faultOfAlert(cluster: string, { labels, annotations, startsAt }: Alert): FaultEvent {
  const { alertname = 'Alert', namespace, service, node } = labels;
  const resource =
    node === undefined
      ? { apiVersion: 'v1', kind: 'Service', name: service ?? 'unknown', ...(namespace && { namespace }) }
      : { apiVersion: 'v1', kind: 'Node', name: node };
  return {
    faultId: faultFingerprint(cluster, alertname, resource),
    faultType: alertname,
    severity: 'warning',
    resource,
    context: Object.values(annotations).join('\n'),
    timestamp: startsAt,
  };
}
