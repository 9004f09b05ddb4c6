import { choosesName } from '@nightcrier/core/access/principal';
import {
  type CancelRequest,
  LONGEST_CANCEL_NAME,
  LONGEST_CANCEL_REASON,
} from '@nightcrier/core/incidents/cancel-request';
import type { IncidentState } from '@nightcrier/core/incidents/incident';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../api-error.ts';
import { authorOf } from '../access/protect.ts';
import { CHANGES } from '../access/route-roles.ts';
import { noIncident } from './incident-routes.ts';

/** One line without control characters: it is printed in terminals. */
const line = (maxLength: number): object => ({
  type: 'string',
  minLength: 1,
  maxLength,
  pattern: String.raw`^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$`,
});

const BODY = {
  type: ['object', 'null'],
  additionalProperties: false,
  properties: { reason: line(LONGEST_CANCEL_REASON), by: line(LONGEST_CANCEL_NAME) },
};

/** The incident as it is after the request. */
interface Cancelled {
  incident_id: string;
  /** `cancelled`, or, with status 202, the state of an open incident that a worker is going to end. */
  state: IncidentState;
}

/**
 * `POST /incidents/:id/cancel`: ends an open incident without a result. Answers 200 if it has ended, and 202 if a worker has
 * to stop its agent first.
 */
export function cancelRoute(app: FastifyInstance, { cancellations, audit, logger }: ApiContext): void {
  app.post<{ Params: { id: string }; Body: CancelRequest | null | undefined }>(
    '/incidents/:id/cancel',
    { ...CHANGES, schema: { body: BODY } },
    async (received, reply): Promise<Cancelled> => {
      const { id } = received.params;
      const author = authorOf(received, received.body?.by);
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
    },
  );
}
