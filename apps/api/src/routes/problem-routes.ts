import {
  ACKNOWLEDGE_PROBLEM,
  GET_PROBLEM,
  INVESTIGATE_PROBLEM,
  LIST_PROBLEMS,
  UNACKNOWLEDGE_PROBLEM,
} from '@nightcrier/core/api/problem-routes';
import type { Problem } from '@nightcrier/core/problems/problem';
import { redactText } from '@nightcrier/redaction/redact-text';
import { redactValue } from '@nightcrier/redaction/redact-value';
import type { FastifyInstance } from 'fastify';
import { authorOf } from '../access/protect.ts';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../api-error.ts';
import { listProblems } from '../list-problems.ts';
import { serve } from '../serve-route.ts';
import { requeuedAs } from './requeue-routes.ts';

/** Routes of problems: read them, take one over, have one investigated again. */
export function problemRoutes(app: FastifyInstance, { problems, admission, audit, logger }: ApiContext): void {
  const find = async (cluster: string, key: string): Promise<Problem> => {
    const problem = await problems.get(cluster, key);
    if (!problem) throw noProblem(cluster, key);
    return redactValue(problem);
  };

  serve(app, LIST_PROBLEMS, async ({ query }) => {
    try {
      const page = await listProblems(problems, query);
      return { ...page, problems: await redactValue(page.problems) };
    } catch (error) {
      if (error instanceof RangeError) throw new ApiError('bad_request', error.message, { cause: error });
      throw error;
    }
  });

  serve(app, GET_PROBLEM, async ({ params: { cluster, key } }) => find(cluster, key));

  serve(app, ACKNOWLEDGE_PROBLEM, async (request) => {
    const { cluster, key } = request.params;
    const { comment: given, author: claimed } = request.body;
    const author = authorOf(request, claimed);
    const comment = given === undefined ? undefined : await redactText(given);
    const at = new Date().toISOString();
    const acknowledgement = { by: author.name, at, ...(comment !== undefined && { comment }) };
    if (!(await problems.acknowledge(cluster, key, acknowledgement))) throw noProblem(cluster, key);
    await audit.record(author, { action: 'problem_acknowledged', subject: `${cluster}/${key}`, details: { comment } });
    logger.info({ by: author.name, cluster, problem: key }, 'problem acknowledged');
    return find(cluster, key);
  });

  serve(app, UNACKNOWLEDGE_PROBLEM, async (request) => {
    const { cluster, key } = request.params;
    const author = authorOf(request);
    if (!(await problems.unacknowledge(cluster, key))) throw noProblem(cluster, key);
    await audit.record(author, { action: 'problem_unacknowledged', subject: `${cluster}/${key}` });
    logger.info({ by: author.name, cluster, problem: key }, 'problem acknowledgement removed');
    return find(cluster, key);
  });

  serve(app, INVESTIGATE_PROBLEM, async (request) => {
    const { cluster, key } = request.params;
    const author = authorOf(request);
    const outcome = await admission.investigateAgain(cluster, key);
    if (!outcome) throw noProblem(cluster, key);
    const incident_id = requeuedAs(outcome, logger);
    const details = { incident: incident_id };
    await audit.record(author, { action: 'investigation_requested', subject: `${cluster}/${key}`, details });
    logger.info({ by: author.name, cluster, problem: key, incident_id }, 'investigation requested');
    return { incident_id };
  });
}

function noProblem(cluster: string, key: string): ApiError {
  return new ApiError(
    'problem_not_found',
    `cluster ${JSON.stringify(cluster)} has no problem ${JSON.stringify(key)} that is firing or has recovered lately`,
  );
}
