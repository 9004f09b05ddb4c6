import { AcknowledgeRequest } from '@nightcrier/core/problems/acknowledge-request';
import { PROBLEM_STATES, type Problem, type ProblemState } from '@nightcrier/core/problems/problem';
import { redactText } from '@nightcrier/redaction/redact-text';
import { redactValue } from '@nightcrier/redaction/redact-value';
import type { ProblemPage } from '@nightcrier/state/problems/problem-page';
import type { FastifyInstance } from 'fastify';
import { authorOf } from '../access/protect.ts';
import { CHANGES, READS } from '../access/route-roles.ts';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../api-error.ts';
import { parseBody } from '../parse-body.ts';
import { requeuedAs } from './requeue-routes.ts';

const LIST_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    state: { type: 'string', enum: PROBLEM_STATES },
    cluster: { type: 'string', minLength: 1, maxLength: 100 },
    limit: { type: 'integer', minimum: 1, maximum: 500, default: 50 },
    cursor: { type: 'string', maxLength: 2000 },
  },
};

interface ListQuery {
  state?: ProblemState;
  cluster?: string;
  limit: number;
  cursor?: string;
}

/** The cluster and the key of a problem; the key has a `/`, which clients encode as `%2F`. */
interface ProblemParams {
  Params: { cluster: string; key: string };
}

/** Routes of problems: read them, take one over, have one investigated again. */
export function problemRoutes(app: FastifyInstance, { problems, admission, audit, logger }: ApiContext): void {
  app.get<{ Querystring: ListQuery }>(
    '/problems',
    { ...READS, schema: { querystring: LIST_QUERY } },
    async ({ query }): Promise<ProblemPage> => {
      try {
        const page = await problems.page(query);
        return { ...page, problems: await redactValue(page.problems) };
      } catch (error) {
        if (error instanceof RangeError) throw new ApiError('bad_request', error.message, { cause: error });
        throw error;
      }
    },
  );

  app.get<ProblemParams>('/problems/:cluster/:key', READS, async ({ params: { cluster, key } }): Promise<Problem> => {
    const problem = await problems.get(cluster, key);
    if (!problem) throw noProblem(cluster, key);
    return redactValue(problem);
  });

  app.post<ProblemParams>('/problems/:cluster/:key/acknowledge', CHANGES, async (request): Promise<Problem> => {
    const { cluster, key } = request.params;
    const { comment: given, author: claimed } = parseBody(AcknowledgeRequest, request.body);
    const author = authorOf(request, claimed);
    const comment = given === undefined ? undefined : await redactText(given);
    const at = new Date().toISOString();
    const acknowledgement = { by: author.name, at, ...(comment !== undefined && { comment }) };
    if (!(await problems.acknowledge(cluster, key, acknowledgement))) throw noProblem(cluster, key);
    await audit.record(author, { action: 'problem_acknowledged', subject: `${cluster}/${key}`, details: { comment } });
    logger.info({ by: author.name, cluster, problem: key }, 'problem acknowledged');
    return (await problems.get(cluster, key)) ?? gone(cluster, key);
  });

  app.delete<ProblemParams>('/problems/:cluster/:key/acknowledge', CHANGES, async (request): Promise<Problem> => {
    const { cluster, key } = request.params;
    const author = authorOf(request);
    if (!(await problems.unacknowledge(cluster, key))) throw noProblem(cluster, key);
    await audit.record(author, { action: 'problem_unacknowledged', subject: `${cluster}/${key}` });
    logger.info({ by: author.name, cluster, problem: key }, 'problem acknowledgement removed');
    return (await problems.get(cluster, key)) ?? gone(cluster, key);
  });

  app.post<ProblemParams>(
    '/problems/:cluster/:key/investigate',
    CHANGES,
    async (request): Promise<{ incident_id: string }> => {
      const { cluster, key } = request.params;
      const author = authorOf(request);
      const outcome = await admission.investigateAgain(cluster, key);
      if (!outcome) throw noProblem(cluster, key);
      const incident_id = requeuedAs(outcome, logger);
      const details = { incident: incident_id };
      await audit.record(author, { action: 'investigation_requested', subject: `${cluster}/${key}`, details });
      logger.info({ by: author.name, cluster, problem: key, incident_id }, 'investigation requested');
      return { incident_id };
    },
  );
}

function noProblem(cluster: string, key: string): ApiError {
  return new ApiError(
    'problem_not_found',
    `cluster ${JSON.stringify(cluster)} has no problem ${JSON.stringify(key)} that is firing or has recovered lately`,
  );
}

function gone(cluster: string, key: string): never {
  throw noProblem(cluster, key);
}
