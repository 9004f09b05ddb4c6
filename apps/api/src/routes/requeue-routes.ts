import { REQUEUE_INCIDENT, SPLIT_INCIDENT } from '@nightcrier/core/api/incident-routes';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../errors/api-error.ts';
import { authorOf } from '../access/protect.ts';
import { requeuedAs } from '../changes/requeued-as.ts';
import { serve } from '../serve-route.ts';
import { noIncident } from './incident-routes.ts';

/** `POST` routes that queue an incident again, or one member of an incident separately. */
export function requeueRoutes(app: FastifyInstance, { incidents, admission, audit, logger }: ApiContext): void {
  const find = async (id: string): Promise<Incident> => {
    const incident = await incidents.get(id);
    if (!incident) throw noIncident(id);
    return incident;
  };

  serve(app, REQUEUE_INCIDENT, async (request) => {
    const { id } = request.params;
    const incident = await find(id);
    if (!isFinal(incident.state)) {
      throw new ApiError(
        'incident_open',
        `incident ${id} is ${incident.state}; only one that has ended can be requeued`,
      );
    }
    const incident_id = requeuedAs(await admission.requeue(incident), logger);
    const requeued = { incident_id, previous_incident_id: id };
    const details = { incident: requeued.incident_id };
    await audit.record(authorOf(request), { action: 'incident_requeued', subject: id, details });
    logger.info({ ...requeued, state: incident.state }, 'incident requeued');
    return requeued;
  });

  serve(app, SPLIT_INCIDENT, async (request) => {
    const { id, member: faultId } = request.params;
    const incident = await find(id);
    const member = incident.members.slice(1).find((candidate) => candidate.faultId === faultId);
    if (!member) {
      const own =
        incident.fingerprint === faultId ? 'is the fault of the incident itself' : 'is not in the list of members';
      throw new ApiError('member_not_found', `incident ${id} has no member ${JSON.stringify(faultId)}: it ${own}`);
    }
    const incident_id = requeuedAs(await admission.splitOff(incident, member), logger);
    const requeued = { incident_id, previous_incident_id: id };
    const details = { incident: requeued.incident_id, fault: faultId };
    await audit.record(authorOf(request), { action: 'incident_split', subject: id, details });
    logger.info({ ...requeued, fault: faultId }, 'incident member split off');
    return requeued;
  });
}
