import { ADD_KEY, LIST_AUDIT, LIST_KEYS, REVOKE_KEY } from '@nightcrier/core/api/access-routes';
import { KeyNameTakenError } from '@nightcrier/state/access/api-keys';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../errors/api-error.ts';
import { authorOf } from '../access/protect.ts';
import { pageOf } from '../lists/list-page.ts';
import { serve } from '../serve-route.ts';

/** Routes of named API keys and of the audit log, for administrators. */
export function accessRoutes(app: FastifyInstance, { apiKeys, audit, logger }: ApiContext): void {
  serve(app, LIST_KEYS, async ({ query }) => {
    const wanted = (await apiKeys.list()).filter(({ role }) => query.role === undefined || role === query.role);
    const { items, ...next } = pageOf(wanted, query, ({ created_at: at, id }) => `${at} ${id}`, 'ascending');
    return { keys: items, ...next };
  });

  serve(app, ADD_KEY, async (request, reply) => {
    const author = authorOf(request);
    try {
      const made = await apiKeys.add(request.body, author.name);
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

  serve(app, REVOKE_KEY, async (request) => {
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

  serve(app, LIST_AUDIT, async ({ query }) => audit.page(query));
}
