import { createHash } from 'node:crypto';
import { type Alert, alertText } from '@nightcrier/core/alerts/alert';
import type { MappedAlert } from '@nightcrier/core/alerts/map-alert';
import { type FaultEvent, faultFingerprint } from '@nightcrier/core/faults/fault';
import { type Workload, workloadKey } from '@nightcrier/core/problems/problem-key';
import { cleanText } from '@nightcrier/cluster/mcp/wire-text';

/**
 * An alert as a fault. Its id is that of the rule, its severity and the workload: alerts of one rule about several pods of a
 * workload are one fault, and so is the alert that fires again with another pod.
 */
export function faultOfAlert(
  alert: Alert,
  { cluster, faultType, severity, resource, container }: MappedAlert,
  workload: Workload,
): FaultEvent {
  const identity = { apiVersion: 'v1', kind: 'Workload', name: workloadKey(workload) };
  const type = cleanText(faultType, 200, { lines: false }) || 'Alert';
  return {
    faultId: faultFingerprint(cluster, `${type}/${severity}`, identity, container),
    faultType: type,
    severity,
    resource,
    ...(container !== undefined && { container }),
    context: cleanText(alertText(alert) || labelText(alert), 16_384),
    timestamp: alert.startsAt,
  };
}

/** The id of the incident that an alert would be: the same for each attempt to admit it, a UUID. */
export function incidentIdOf(cluster: string, { faultId, timestamp }: FaultEvent): string {
  const digest = createHash('sha256').update(`${cluster}:${faultId}:${timestamp}`).digest();
  // Version 8 leaves the digits to its maker.
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function labelText({ labels }: Alert): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
