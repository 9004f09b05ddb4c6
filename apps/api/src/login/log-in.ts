import type { Login, Session } from '@nightcrier/core/access/session';
import type { Logger } from '@nightcrier/core/logger';
import type { AuditLog } from '@nightcrier/state/access/audit-log';
import type { Sessions } from '@nightcrier/state/access/sessions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccessSettings } from '../access/access-settings.ts';
import { readCookie, SESSION_COOKIE, setCookie } from '../access/session-cookie.ts';
import { accessKeyProof } from '../access/session-principals.ts';

export interface SessionStores {
  sessions: Sessions;
  audit: AuditLog;
  logger: Logger;
}

/**
 * Opens a session for a login and gives its cookie to the browser. The session that the browser had ends, and its cookie is replaced: a
 * cookie that somebody else has put into the browser (session fixation) opens nothing.
 */
export async function logIn(
  request: FastifyRequest,
  reply: FastifyReply,
  { login, settings, stores }: { login: Login; settings: AccessSettings; stores: SessionStores },
): Promise<Session> {
  const { session_idle: idle, session_lifetime: lifetime } = settings.auth;
  const former = readCookie(request.headers.cookie, SESSION_COOKIE, settings);
  if (former !== undefined) await stores.sessions.close(former);
  const { accessKey } = settings;
  const bind = accessKey && ((secret: string) => accessKeyProof(secret, accessKey.reveal()));
  const { session, secret } = await stores.sessions.open(
    login,
    { idle, lifetime },
    login.method === 'access_key' ? bind : undefined,
  );
  void reply.header('set-cookie', setCookie(SESSION_COOKIE, secret, lifetime, settings));
  const { id, name, method } = session;
  await stores.audit.record({ name, kind: method }, { action: 'logged_in', subject: id });
  stores.logger.info({ by: name, method, session: id, address: request.ip }, 'user logged in');
  return session;
}

/** Ends the session of the browser, if it has one, and removes its cookie. */
export async function logOut(
  request: FastifyRequest,
  reply: FastifyReply,
  { settings, stores }: { settings: AccessSettings; stores: SessionStores },
): Promise<void> {
  void reply.header('set-cookie', setCookie(SESSION_COOKIE, '', 0, settings));
  const secret = readCookie(request.headers.cookie, SESSION_COOKIE, settings);
  const session = secret === undefined ? undefined : await stores.sessions.close(secret);
  if (!session) return;
  const { id, name, method } = session;
  await stores.audit.record({ name, kind: method }, { action: 'logged_out', subject: id });
  stores.logger.info({ by: name, method, session: id }, 'user logged out');
}
