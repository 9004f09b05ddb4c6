import type { FaultEvent } from '@nightcrier/core/faults/fault';

/** A fault about the pod `cart-1` of the namespace `shop`, or another resource. */
export function faultOf(faultType = 'CrashLoop', resource: Partial<FaultEvent['resource']> = {}): FaultEvent {
  return {
    faultId: '0123456789abcdef',
    faultType,
    severity: 'critical',
    resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop', ...resource },
    timestamp: '2026-01-02T03:04:05Z',
  };
}
