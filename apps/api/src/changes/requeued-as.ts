import type { Evicted } from '@nightcrier/core/incidents/admission';
import type { Logger } from '@nightcrier/core/logger';
import type { RequeueOutcome } from '@nightcrier/state/admission/admission-reply';
import { ApiError } from '../errors/api-error.ts';

/** Returns the id of the new incident. @throws ApiError incident_open or queue_full */
export function requeuedAs(outcome: RequeueOutcome, logger: Logger): string {
  if ('evicted' in outcome) warnOfEvicted(outcome.evicted, logger);
  switch (outcome.kind) {
    case 'queued':
      return outcome.incidentId;
    case 'already_open':
      throw new ApiError('incident_open', `incident ${outcome.incidentId} is open for this fault`);
    case 'rejected':
    case 'dropped_incoming':
      throw new ApiError('queue_full', `the queue is full (${outcome.bound}_queue_size); try again later`);
    default:
      return outcome satisfies never;
  }
}

/** Logs evicted incidents by cluster, as the ingester does. */
function warnOfEvicted(evicted: Evicted[], logger: Logger): void {
  for (const [cluster, shed] of Map.groupBy(evicted, (incident) => incident.cluster)) {
    const incidents = shed.map(({ incidentId }) => incidentId);
    logger.warn({ cluster, reason: 'dropped', shed: shed.length, incidents }, 'incidents shed');
  }
}
