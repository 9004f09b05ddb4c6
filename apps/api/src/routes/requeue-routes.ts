import type { Evicted } from '@nightcrier/core/incidents/admission';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import type { Logger } from '@nightcrier/core/logger';
import type { RequeueOutcome } from '@nightcrier/state/admission/admission-reply';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../api-error.ts';
import { noIncident } from './incident-routes.ts';

/** The incident that an operator's wish has made. */
interface Requeued {
  incident_id: string;
  previous_incident_id: string;
}

/** What operators may do: have an incident that has ended, or one member of an incident, investigated. */
export function requeueRoutes(app: FastifyInstance, { incidents, admission, logger }: ApiContext): void {
  const find = async (id: string): Promise<Incident> => {
    const incident = await incidents.get(id);
    if (!incident) throw noIncident(id);
    return incident;
  };

  app.post<{ Params: { id: string } }>('/incidents/:id/requeue', async ({ params: { id } }): Promise<Requeued> => {
    const incident = await find(id);
    if (!isFinal(incident.state)) {
      throw new ApiError(
        'incident_open',
        `incident ${id} is ${incident.state}; only one that has ended can be requeued`,
      );
    }
    const requeued = requeuedAs(id, await admission.requeue(incident), logger);
    logger.info({ ...requeued, state: incident.state }, 'incident requeued by an operator');
    return requeued;
  });

  app.post<{ Params: { id: string; member: string } }>(
    '/incidents/:id/members/:member/split',
    async ({ params: { id, member: faultId } }): Promise<Requeued> => {
      const incident = await find(id);
      const member = incident.members.slice(1).find((candidate) => candidate.faultId === faultId);
      if (!member) {
        const own = incident.fingerprint === faultId ? 'is its own fault' : 'is not in its list';
        throw new ApiError('member_not_found', `incident ${id} has no member ${JSON.stringify(faultId)}: that ${own}`);
      }
      const requeued = requeuedAs(id, await admission.splitOff(incident, member), logger);
      logger.info({ ...requeued, fault: faultId }, 'member split off by an operator');
      return requeued;
    },
  );
}

function requeuedAs(previous_incident_id: string, outcome: RequeueOutcome, logger: Logger): Requeued {
  if ('evicted' in outcome) warnOfEvicted(outcome.evicted, logger);
  switch (outcome.kind) {
    case 'queued':
      return { incident_id: outcome.incidentId, previous_incident_id };
    case 'already_open':
      throw new ApiError('incident_open', `incident ${outcome.incidentId} is open for this fault`);
    case 'rejected':
    case 'dropped_incoming':
      throw new ApiError('queue_full', `the queue is full (${outcome.bound}_queue_size); try again later`);
    default:
      return outcome satisfies never;
  }
}

/** As an ingester does whose fault sheds others. */
function warnOfEvicted(evicted: Evicted[], logger: Logger): void {
  for (const [cluster, shed] of Map.groupBy(evicted, (incident) => incident.cluster)) {
    const incidents = shed.map(({ incidentId }) => incidentId);
    logger.warn({ cluster, reason: 'dropped', shed: shed.length, incidents }, 'incidents were shed');
  }
}
