import { AcknowledgeRequest } from '@nightcrier/core/problems/acknowledge-request';
import { PROBLEM_STATES, type Problem, type ProblemState } from '@nightcrier/core/problems/problem';
import { redactValue } from '@nightcrier/redaction/redact-value';
import type { ProblemPage } from '@nightcrier/state/problems/problem-page';
import type { FastifyInstance } from 'fastify';
import { authorOf } from '../access/protect.ts';
import { CHANGES, READS } from '../access/route-roles.ts';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../api-error.ts';
import { acknowledgeProblem, investigateProblem, noProblem, unacknowledgeProblem } from '../changes/problem-changes.ts';
import { parseBody } from '../parse-body.ts';

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
export function problemRoutes(app: FastifyInstance, context: ApiContext): void {
  const { problems } = context;
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
    const { comment, author } = parseBody(AcknowledgeRequest, request.body);
    return acknowledgeProblem(context, request.params, authorOf(request, author), comment);
  });

  app.delete<ProblemParams>('/problems/:cluster/:key/acknowledge', CHANGES, async (request): Promise<Problem> =>
    unacknowledgeProblem(context, request.params, authorOf(request)),
  );

  app.post<ProblemParams>(
    '/problems/:cluster/:key/investigate',
    CHANGES,
    async (request): Promise<{ incident_id: string }> => ({
      incident_id: await investigateProblem(context, request.params, authorOf(request)),
    }),
  );
}
