import { LIST_EVIDENCE, READ_EVIDENCE } from '@nightcrier/core/api/incident-routes';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../errors/api-error.ts';
import { listEvidence, readEvidence } from '../evidence.ts';
import { serve } from '../serve-route.ts';
import { noIncident } from './incident-routes.ts';

/** Routes of the files that a worker collected before an investigation, where this machine has them. */
export function evidenceRoutes(app: FastifyInstance, { incidents, workspaceRoot }: ApiContext): void {
  const assertExists = async (id: string): Promise<void> => {
    if (!(await incidents.get(id))) throw noIncident(id);
  };

  serve(app, LIST_EVIDENCE, async ({ params: { id } }) => {
    await assertExists(id);
    const files = await listEvidence(workspaceRoot(), id);
    if (!files) throw notHere(id);
    return { files };
  });

  serve(app, READ_EVIDENCE, async ({ params: { id }, query }) => {
    await assertExists(id);
    const part = await readEvidence(workspaceRoot(), id, query);
    if (!part) throw notHere(id, query.name);
    return { ...part, text: await redactText(part.text) };
  });
}

function notHere(id: string, name?: string): ApiError {
  const what = name === undefined ? 'workspace' : `evidence ${JSON.stringify(name)}`;
  return new ApiError(
    'evidence_not_found',
    `this machine has no ${what} of incident ${id}: workers keep it in their workspace_root, for a limited time`,
  );
}
