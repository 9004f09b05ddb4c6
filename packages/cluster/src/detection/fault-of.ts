import { type FaultEvent, faultFingerprint } from '@nightcrier/core/faults/fault';
import type { RememberedSymptom } from '@nightcrier/core/problems/problem';
import type { SymptomIdentity } from '@nightcrier/core/problems/problem-key';
import { SYMPTOMS } from '@nightcrier/core/problems/symptom-table';
import { cleanText } from '../mcp/wire-text.ts';
import type { Symptom } from './symptom.ts';

/**
 * A symptom as the fault that it has become.
 * @param serverCluster what the MCP server calls the cluster: part of the fingerprint, so that a fault of the server and the
 *   same fault found by us have one id
 * @param now ms since the epoch, for a symptom that does not tell since when
 */
export function faultOf(symptom: Symptom, serverCluster: string, now: number): FaultEvent {
  const { resource, container, since } = symptom;
  const row = SYMPTOMS[symptom.kind];
  const faultType = symptom.faultType ?? row.faultType;
  return {
    faultId: faultFingerprint(serverCluster, faultType, resource, container),
    faultType,
    severity: symptom.severity ?? row.severity,
    resource,
    ...(container !== undefined && { container }),
    context: cleanText(symptom.context, 16_384),
    timestamp: new Date(Math.min(since ?? now, now)).toISOString(),
  };
}

/** How a fault is remembered, see `RememberedSymptom`. Times are ms since the epoch. */
export function rememberedOf(
  fault: FaultEvent,
  { workload, family, container }: SymptomIdentity,
  firedAt: number,
  since = Date.parse(fault.timestamp),
): RememberedSymptom {
  return {
    state: 'firing',
    family,
    ...(container !== undefined && { container }),
    workload,
    fault_type: fault.faultType,
    severity: fault.severity,
    resource: fault.resource,
    fault_id: fault.faultId,
    since,
    fired_at: firedAt,
  };
}
