import type { Session } from '@nightcrier/core/access/session';
import { NewPassword, NewUser, type User } from '@nightcrier/core/access/user';
import type { FastifyInstance } from 'fastify';
import { authorOf } from '../access/protect.ts';
import { ADMINISTERS } from '../access/route-roles.ts';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../api-error.ts';
import { parseBody } from '../parse-body.ts';

/** Routes of local users and of the sessions of all browsers, for administrators. */
export function userRoutes(app: FastifyInstance, { users, sessions, audit, logger }: ApiContext): void {
  app.get('/users', ADMINISTERS, async (): Promise<{ users: User[] }> => ({ users: await users.list() }));

  app.post('/users', ADMINISTERS, async (request, reply): Promise<{ user: User }> => {
    const author = authorOf(request);
    const wanted = parseBody(NewUser, request.body);
    const { name, role } = wanted;
    const user = await users.add(wanted, author.name);
    if (!user) throw new ApiError('user_exists', `there is a user named ${JSON.stringify(name)}`);
    await audit.record(author, { action: 'user_added', subject: name, details: { role } });
    logger.info({ by: author.name, name, role }, 'user added');
    void reply.status(201);
    return { user };
  });

  app.put<{ Params: { name: string } }>(
    '/users/:name/password',
    ADMINISTERS,
    async (request): Promise<{ user: User }> => {
      const author = authorOf(request);
      const { name } = request.params;
      const { password } = parseBody(NewPassword, request.body);
      const user = await users.changePassword(name, password);
      if (!user) throw noUser(name);
      await audit.record(author, { action: 'user_password_changed', subject: name });
      logger.info({ by: author.name, name }, 'password changed');
      return { user };
    },
  );

  app.delete<{ Params: { name: string } }>('/users/:name', ADMINISTERS, async (request): Promise<{ user: User }> => {
    const author = authorOf(request);
    const { name } = request.params;
    const user = await users.remove(name);
    if (!user) throw noUser(name);
    await audit.record(author, { action: 'user_removed', subject: name });
    logger.info({ by: author.name, name }, 'user removed');
    return { user };
  });

  app.get('/sessions', ADMINISTERS, async (): Promise<{ sessions: Session[] }> => ({
    sessions: await sessions.list(),
  }));

  app.delete<{ Params: { session: string } }>(
    '/sessions/:session',
    ADMINISTERS,
    async (request): Promise<{ sessions: Session[] }> => {
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
    },
  );
}

function noUser(name: string): ApiError {
  return new ApiError('user_not_found', `there is no user named ${JSON.stringify(name)}`);
}
