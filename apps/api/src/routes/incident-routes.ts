import { GET_QUEUE } from '@nightcrier/core/api/health-routes';
import { GET_INCIDENT, GET_REPORT, LIST_INCIDENTS } from '@nightcrier/core/api/incident-routes';
import { redactIncident } from '@nightcrier/redaction/redact-incident';
import { redactText } from '@nightcrier/redaction/redact-text';
import { queueCounts } from '@nightcrier/state/queue/triage-queue';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../errors/api-error.ts';
import { REPORT_HEADERS, reportPage } from '../report-html.ts';
import { serve } from '../serve-route.ts';

/** `GET` routes of incidents, reports and the queue. */
export function incidentRoutes(app: FastifyInstance, { redis, keys, incidents }: ApiContext): void {
  serve(app, LIST_INCIDENTS, async ({ query }) => {
    const list = await incidents.list(query).catch((error: unknown) => {
      if (error instanceof RangeError) throw new ApiError('bad_request', error.message, { cause: error });
      throw error;
    });
    return { ...list, incidents: await Promise.all(list.incidents.map(redactIncident)) };
  });

  serve(app, GET_INCIDENT, async ({ params }) => {
    const incident = await incidents.get(params.id);
    if (!incident) throw noIncident(params.id);
    return redactIncident(incident);
  });

  serve(app, GET_REPORT, async (request, reply) => {
    const { params } = request;
    const stored = await incidents.report(params.id);
    if (stored !== undefined) {
      const report = await redactText(stored);
      void reply.header('vary', 'accept');
      const wanted = request.accepts().type(['text/markdown', 'text/html']);
      if (wanted !== 'text/html') return reply.type('text/markdown; charset=utf-8').send(report);
      return reply.headers(REPORT_HEADERS).type('text/html; charset=utf-8').send(reportPage(params.id, report));
    }
    const incident = await incidents.get(params.id);
    if (!incident) throw noIncident(params.id);
    throw new ApiError('report_not_found', `incident ${params.id} has no report: its state is ${incident.state}`);
  });

  serve(app, GET_QUEUE, async () => queueCounts(redis, keys));
}

/** Returns the error for an incident that does not exist. */
export function noIncident(id: string): ApiError {
  return new ApiError('incident_not_found', `incident ${JSON.stringify(id)} does not exist`);
}
