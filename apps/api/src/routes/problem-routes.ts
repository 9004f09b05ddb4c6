import {
  ACKNOWLEDGE_PROBLEM,
  GET_PROBLEM,
  INVESTIGATE_PROBLEM,
  LIST_PROBLEMS,
  UNACKNOWLEDGE_PROBLEM,
} from '@nightcrier/core/api/problem-routes';
import { redactValue } from '@nightcrier/redaction/redact-value';
import type { FastifyInstance } from 'fastify';
import { authorOf } from '../access/protect.ts';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../errors/api-error.ts';
import { acknowledgeProblem, investigateProblem, noProblem, unacknowledgeProblem } from '../changes/problem-changes.ts';
import { listProblems } from '../lists/list-problems.ts';
import { serve } from '../serve-route.ts';

/** Routes of problems: read them, take one over, have one investigated again. */
export function problemRoutes(app: FastifyInstance, context: ApiContext): void {
  const { problems } = context;
  serve(app, LIST_PROBLEMS, async ({ query }) => {
    try {
      const page = await listProblems(problems, query);
      return { ...page, problems: await redactValue(page.problems) };
    } catch (error) {
      if (error instanceof RangeError) throw new ApiError('bad_request', error.message, { cause: error });
      throw error;
    }
  });

  serve(app, GET_PROBLEM, async ({ params: { cluster, key } }) => {
    const problem = await problems.get(cluster, key);
    if (!problem) throw noProblem(cluster, key);
    return redactValue(problem);
  });

  serve(app, ACKNOWLEDGE_PROBLEM, async (request) => {
    const { comment, author } = request.body;
    return redactValue(await acknowledgeProblem(context, request.params, authorOf(request, author), comment));
  });

  serve(app, UNACKNOWLEDGE_PROBLEM, async (request) =>
    redactValue(await unacknowledgeProblem(context, request.params, authorOf(request))),
  );

  serve(app, INVESTIGATE_PROBLEM, async (request) => ({
    incident_id: await investigateProblem(context, request.params, authorOf(request)),
  }));
}
