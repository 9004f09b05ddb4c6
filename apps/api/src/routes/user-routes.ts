import {
  ADD_USER,
  CHANGE_PASSWORD,
  LIST_SESSIONS,
  LIST_USERS,
  REMOVE_USER,
  REVOKE_SESSION,
} from '@nightcrier/core/api/user-routes';
import type { FastifyInstance } from 'fastify';
import { authorOf } from '../access/protect.ts';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../errors/api-error.ts';
import { pageOf } from '../lists/list-page.ts';
import { serve } from '../serve-route.ts';

/** Routes of local users and of the sessions of all browsers, for administrators. */
export function userRoutes(app: FastifyInstance, { users, sessions, audit, logger }: ApiContext): void {
  serve(app, LIST_USERS, async ({ query }) => {
    const { items, ...next } = pageOf(await users.list(), query, ({ name }) => name, 'ascending');
    return { users: items, ...next };
  });

  serve(app, ADD_USER, async (request, reply) => {
    const author = authorOf(request);
    const wanted = request.body;
    const { name, role } = wanted;
    const user = await users.add(wanted, author.name);
    if (!user) throw new ApiError('user_exists', `there is a user named ${JSON.stringify(name)}`);
    await audit.record(author, { action: 'user_added', subject: name, details: { role } });
    logger.info({ by: author.name, name, role }, 'user added');
    void reply.status(201);
    return { user };
  });

  serve(app, CHANGE_PASSWORD, async (request) => {
    const author = authorOf(request);
    const { name } = request.params;
    const { password } = request.body;
    const user = await users.changePassword(name, password);
    if (!user) throw noUser(name);
    await audit.record(author, { action: 'user_password_changed', subject: name });
    logger.info({ by: author.name, name }, 'password changed');
    return { user };
  });

  serve(app, REMOVE_USER, async (request) => {
    const author = authorOf(request);
    const { name } = request.params;
    const user = await users.remove(name);
    if (!user) throw noUser(name);
    await audit.record(author, { action: 'user_removed', subject: name });
    logger.info({ by: author.name, name }, 'user removed');
    return { user };
  });

  serve(app, LIST_SESSIONS, async ({ query }) => {
    const { items, ...next } = pageOf(
      await sessions.list(),
      query,
      ({ created_at: at, id }) => `${at} ${id}`,
      'descending',
    );
    return { sessions: items, ...next };
  });

  serve(app, REVOKE_SESSION, async (request) => {
    const author = authorOf(request);
    const revoked = await sessions.revoke(request.params.session);
    if (revoked.length === 0)
      throw new ApiError(
        'session_not_found',
        `there is no session with the id, or of a user named, ${JSON.stringify(request.params.session)}`,
      );
    for (const { id, name } of revoked) {
      await audit.record(author, { action: 'session_revoked', subject: id, details: { name } });
      logger.info({ by: author.name, session: id, name }, 'session revoked');
    }
    return { sessions: revoked };
  });
}

function noUser(name: string): ApiError {
  return new ApiError('user_not_found', `there is no user named ${JSON.stringify(name)}`);
}
