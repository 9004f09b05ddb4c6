import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { READS } from '../../access/route-roles.ts';
import type { ApiContext } from '../../api-context.ts';
import { ApiError } from '../../errors/api-error.ts';
import type { ProblemName } from '../../changes/problem-changes.ts';
import { parseFields } from '../forms/parse-fields.ts';
import { readEvidence } from './evidence-files.ts';

const Query = z.object({ name: z.string().min(1).max(1_000) });

/** `GET /problems/:cluster/:key/files/:incident?name=…`: a file of a workspace, as text, without secrets. */
export function evidenceRoute(app: FastifyInstance, { problems, incidents, config }: ApiContext): void {
  app.get<{ Params: ProblemName & { incident: string } }>(
    '/problems/:cluster/:key/files/:incident',
    READS,
    async ({ params, query }, reply) => {
      const { name } = parseFields(Query, query);
      const problem = await problems.get(params.cluster, params.key);
      const known = problem?.incidents.includes(params.incident) ?? false;
      const incident = known ? await incidents.get(params.incident) : undefined;
      const text = incident && (await readEvidence(config()?.workspace_root, incident, name));
      if (text === undefined)
        throw new ApiError('not_found', `the workspace of this machine has no readable file ${JSON.stringify(name)}`);
      return reply
        .header('content-security-policy', "default-src 'none'; sandbox; frame-ancestors 'none'")
        .type('text/plain; charset=utf-8')
        .send(text);
    },
  );
}
