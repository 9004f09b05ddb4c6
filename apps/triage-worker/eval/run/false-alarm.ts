import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { ClusterState } from '../eval-case.ts';

interface Status {
  phase?: string;
  conditions?: { type?: string; status?: string }[];
  replicas?: number;
  readyReplicas?: number;
}

/** Whether a fault is about an object that is well or gone. Alerts are not: somebody else decided about them. */
export function isFalseAlarm({ faultType, resource }: FaultEvent, { objects, alerts }: ClusterState): boolean {
  if (alerts.some(({ labels }) => labels['alertname'] === faultType)) return false;
  const object = objects.find(
    ({ kind, metadata }) =>
      kind === resource.kind &&
      metadata.name === resource.name &&
      (metadata.namespace ?? '') === (resource.namespace ?? ''),
  );
  if (object === undefined) return true;
  const status = (object['status'] ?? {}) as Status;
  const spec = (object['spec'] ?? {}) as { replicas?: number };
  const holds = (type: string) => (status.conditions ?? []).some((it) => it.type === type && it.status === 'True');
  switch (resource.kind) {
    case 'Node':
      return holds('Ready') && !['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'].some(holds);
    case 'Pod': {
      const restarts = (
        (object['status'] ?? {}) as { containerStatuses?: { restartCount?: number }[] }
      ).containerStatuses?.some(({ restartCount = 0 }) => restartCount > 1);
      return holds('Ready') && !restarts;
    }
    case 'Deployment':
      return holds('Available') && !holds('ReplicaFailure') && (status.readyReplicas ?? 0) >= (spec.replicas ?? 1);
    case 'ReplicaSet':
    case 'StatefulSet':
      return (status.readyReplicas ?? 0) >= (spec.replicas ?? 1);
    case 'PersistentVolumeClaim':
      return status.phase === 'Bound';
    default:
      return false;
  }
}
