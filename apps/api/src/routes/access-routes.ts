import { type ApiKey, NewApiKey } from '@nightcrier/core/access/api-key';
import { KeyNameTakenError } from '@nightcrier/state/access/api-keys';
import type { AuditPage } from '@nightcrier/state/access/audit-log';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../api-error.ts';
import { parseBody } from '../parse-body.ts';
import { authorOf } from '../access/protect.ts';
import { ADMINISTERS } from '../access/route-roles.ts';

const AUDIT_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: 500, default: 50 },
    cursor: { type: 'string', pattern: '^[0-9]{1,15}$' },
  },
};

/** Routes of named API keys and of the audit log, for administrators. */
export function accessRoutes(app: FastifyInstance, { apiKeys, audit, logger }: ApiContext): void {
  app.get('/keys', ADMINISTERS, async (): Promise<{ keys: ApiKey[] }> => ({ keys: await apiKeys.list() }));

  app.post('/keys', ADMINISTERS, async (request, reply): Promise<{ key: ApiKey; secret: string }> => {
    const author = authorOf(request);
    const wanted = parseBody(NewApiKey, request.body);
    try {
      const made = await apiKeys.add(wanted, author.name);
      const { id, name, role, expires_at } = made.key;
      await audit.record(author, { action: 'key_added', subject: id, details: { name, role, expires_at } });
      logger.info({ by: author.name, key: id, name, role }, 'api key added');
      void reply.status(201);
      return made;
    } catch (error) {
      if (error instanceof KeyNameTakenError) throw new ApiError('key_exists', error.message, { cause: error });
      throw error;
    }
  });

  app.delete<{ Params: { key: string } }>('/keys/:key', ADMINISTERS, async (request): Promise<{ key: ApiKey }> => {
    const author = authorOf(request);
    const key = await apiKeys.revoke(request.params.key);
    if (!key)
      throw new ApiError(
        'key_not_found',
        `there is no API key with the id or name ${JSON.stringify(request.params.key)}`,
      );
    await audit.record(author, { action: 'key_revoked', subject: key.id, details: { name: key.name } });
    logger.info({ by: author.name, key: key.id, name: key.name }, 'api key revoked');
    return { key };
  });

  app.get<{ Querystring: { limit: number; cursor?: string } }>(
    '/audit',
    { ...ADMINISTERS, schema: { querystring: AUDIT_QUERY } },
    async ({ query }): Promise<AuditPage> => audit.page(query),
  );
}
