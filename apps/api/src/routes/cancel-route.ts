import { choosesName } from '@nightcrier/core/access/principal';
import { CANCEL_INCIDENT } from '@nightcrier/core/api/incident-routes';
import type { ReturnedBy } from '@nightcrier/core/api/route';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../errors/api-error.ts';
import { authorOf } from '../access/protect.ts';
import { serve } from '../serve-route.ts';
import { noIncident } from './incident-routes.ts';

/**
 * `POST /incidents/:id/cancel`: ends an open incident without a result. Answers 200 if it has ended, and 202 if a worker has
 * to stop its agent first.
 */
export function cancelRoute(app: FastifyInstance, { cancellations, audit, logger }: ApiContext): void {
  serve(app, CANCEL_INCIDENT, async (received, reply): Promise<ReturnedBy<typeof CANCEL_INCIDENT>> => {
    const { id } = received.params;
    const author = authorOf(received, received.body.by);
    const request = { ...received.body, ...(!choosesName(author.kind) && { by: author.name }) };
    const fields = {
      incident_id: id,
      by: request.by && (await redactText(request.by)),
      reason: request.reason && (await redactText(request.reason)),
    };
    const outcome = await cancellations.cancel(id, request);
    if (outcome.kind === 'cancelled' || outcome.kind === 'requested')
      await audit.record(author, { action: 'incident_cancelled', subject: id, details: { reason: fields.reason } });
    switch (outcome.kind) {
      case 'cancelled':
        logger.info({ ...fields }, 'waiting incident cancelled');
        return { incident_id: id, state: 'cancelled' };
      case 'requested':
        logger.info({ ...fields, state: outcome.state }, 'cancellation requested');
        void reply.status(202);
        return { incident_id: id, state: outcome.state };
      case 'final':
        throw new ApiError('incident_ended', `incident ${id} has ended before: its state is ${outcome.state}`);
      case 'missing':
        throw noIncident(id);
      default:
        return outcome satisfies never;
    }
  });
}
