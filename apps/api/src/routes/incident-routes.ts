import { storedName } from '@nightcrier/core/incidents/stored-name';
import { INCIDENT_STATES, type Incident, type IncidentState } from '@nightcrier/core/incidents/incident';
import { redactIncident } from '@nightcrier/redaction/redact-incident';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { IncidentList } from '@nightcrier/state/incidents/incidents';
import { queueCounts, type QueueCounts } from '@nightcrier/state/queue/triage-queue';
import type { FastifyInstance } from 'fastify';
import { READS } from '../access/route-roles.ts';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../api-error.ts';
import { REPORT_HEADERS, reportPage } from '../report-html.ts';

const LIST_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    state: { type: 'string', enum: [...INCIDENT_STATES, storedName('reported')] },
    cluster: { type: 'string', minLength: 1, maxLength: 100 },
    limit: { type: 'integer', minimum: 1, maximum: 500, default: 50 },
    cursor: { type: 'string', minLength: 1, maxLength: 500 },
  },
};

interface ListQuery {
  /** Also the former name of `reported`. */
  state?: IncidentState;
  cluster?: string;
  limit: number;
  /** `next` of the page before. */
  cursor?: string;
}

/** `GET` routes of incidents, reports and the queue. */
export function incidentRoutes(app: FastifyInstance, { redis, keys, incidents }: ApiContext): void {
  app.get<{ Querystring: ListQuery }>(
    '/incidents',
    { ...READS, schema: { querystring: LIST_QUERY } },
    async ({ query }): Promise<IncidentList> => {
      const list = await incidents.list(query).catch((error: unknown) => {
        if (error instanceof RangeError) throw new ApiError('bad_request', error.message, { cause: error });
        throw error;
      });
      return { ...list, incidents: await Promise.all(list.incidents.map(redactIncident)) };
    },
  );

  app.get<{ Params: { id: string } }>('/incidents/:id', READS, async ({ params }): Promise<Incident> => {
    const incident = await incidents.get(params.id);
    if (!incident) throw noIncident(params.id);
    return redactIncident(incident);
  });

  // The agent's Markdown, or an HTML page if the client prefers that, as browsers do.
  app.get<{ Params: { id: string } }>('/incidents/:id/report', READS, async (request, reply) => {
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

  app.get('/queue', READS, async (): Promise<QueueCounts> => queueCounts(redis, keys));
}

/** Returns the error for an incident that does not exist. */
export function noIncident(id: string): ApiError {
  return new ApiError('incident_not_found', `incident ${JSON.stringify(id)} does not exist`);
}
