import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import { recordSpan } from '@nightcrier/runtime/tracing/spans';

type Admit = (event: ClusterEvent, incidentId: string) => Promise<AdmissionOutcome>;

/** Records the span of each admission, in the trace of the incident that the fault belongs to by its outcome. */
export function traced(admit: Admit): Admit {
  return async (event, incidentId) => {
    const start = Date.now();
    const outcome = await admit(event, incidentId);
    if (outcome.kind !== 'silenced') {
      const attributes = { 'nightcrier.cluster': event.cluster_name, 'nightcrier.outcome': outcome.kind };
      recordSpan({ incidentId: outcome.incidentId, name: 'admission', start, end: Date.now(), attributes });
    }
    return outcome;
  };
}
