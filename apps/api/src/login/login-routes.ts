import type { Login } from '@nightcrier/core/access/session';
import type { Users } from '@nightcrier/state/access/users';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AccessSettings, methodsOf } from '../access/access-settings.ts';
import { holderOf } from '../access/authenticate.ts';
import { assertNamesPage, assertOwnPage } from '../access/own-address.ts';
import { type Access, currentAccess, identify } from '../access/protect.ts';
import { returnPath } from '../access/return-path.ts';
import { OPEN } from '../access/route-roles.ts';
import { WrongKeys } from '@nightcrier/runtime/http/wrong-keys';
import { ApiError } from '../errors/api-error.ts';
import { knownFailure } from '../errors/error-handling.ts';
import { link } from '../html/link.ts';
import { sendHtml } from '../html/page.ts';
import { logIn, logOut, type SessionStores } from './log-in.ts';
import { loginPage } from './login-page.ts';

export interface LoginContext extends SessionStores {
  access: Access;
  users: Users;
}

const text = z.string().max(2_000).default('');
const Form = z.object({ method: z.enum(['user', 'key']), name: text, password: text, key: text, return: text });
type Form = z.infer<typeof Form>;

/** `/login` and `/logout`: a form in, a cookie out. */
export function loginRoutes(app: FastifyInstance, context: LoginContext): void {
  const { access } = context;
  const attempts = { byAddress: access.wrongKeys, byName: new WrongKeys() };
  parseForms(app);

  app.get<{ Querystring: { return?: unknown } }>('/login', OPEN, async (request, reply) => {
    const settings = await currentAccess(access);
    const returnTo = returnPath(request.query.return);
    if (await isKnown(request, settings, access)) return reply.redirect(link(request, returnTo), 303);
    return sendHtml(reply, loginPage(request, { methods: methodsOf(settings), returnTo }));
  });

  app.post('/login', OPEN, async (request, reply) => {
    const settings = await currentAccess(access);
    assertFromOwnPage(request, settings);
    const { data: form } = Form.safeParse(request.body);
    if (!form) throw new ApiError('bad_request', 'method must be user or key, with name and password, or key');
    const returnTo = returnPath(form.return);
    try {
      const login = await checked(form, { settings, address: request.ip, context, attempts });
      await logIn(request, reply, { login, settings, stores: context });
      return await reply.redirect(link(request, returnTo), 303);
    } catch (error) {
      const failure = knownFailure(error);
      if (!failure) throw error;
      context.logger.warn({ method: form.method, address: request.ip, code: failure.code }, 'login failed');
      const shown = { methods: methodsOf(settings), returnTo, problem: failure.message, name: form.name };
      return sendHtml(reply.status(failure.status), loginPage(request, shown));
    }
  });

  // Open: who presses the button after the end of the session gets the login page.
  app.post('/logout', OPEN, async (request, reply) => {
    const settings = access.settings();
    assertFromOwnPage(request, settings);
    await logOut(request, reply, { settings, stores: context });
    return reply.redirect(link(request, '/login'), 303);
  });
}

/** Forms are the only bodies that pages send without a script. */
function parseForms(app: FastifyInstance): void {
  if (app.hasContentTypeParser('application/x-www-form-urlencoded')) return;
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 20_000 },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body.toString()))),
  );
}

/** A page of another site must not log its reader in as somebody else either. */
function assertFromOwnPage(request: FastifyRequest, settings: AccessSettings): void {
  const { method, host, headers } = request;
  const source = { method, host, origin: headers.origin, fetchSite: [headers['sec-fetch-site']].flat()[0] };
  assertOwnPage(settings, source);
  assertNamesPage(source);
}

async function isKnown(request: FastifyRequest, settings: AccessSettings, access: Access): Promise<boolean> {
  try {
    await identify(request, settings, access);
    return true;
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

interface Attempt {
  settings: AccessSettings;
  address: string;
  context: LoginContext;
  attempts: { byAddress: WrongKeys; byName: WrongKeys };
}

/**
 * Checks what a form says. An attempt is counted before it is checked, so that many at the same time do not pass the limit.
 * @throws ApiError unauthorized, too_many_wrong_keys, or forbidden for a way to log in that is not configured
 */
async function checked(form: Form, { settings, address, context, attempts }: Attempt): Promise<Login> {
  if (!methodsOf(settings).includes(form.method === 'user' ? 'users' : 'keys'))
    throw new ApiError('forbidden', `this API has no login by ${form.method === 'user' ? 'user name' : 'key'}`);
  const now = Date.now();
  const counted = [{ limit: attempts.byAddress, source: address }];
  if (form.method === 'user') counted.push({ limit: attempts.byName, source: `user ${form.name}` });
  const wait = Math.max(...counted.map(({ limit, source }) => limit.record(source, now)));
  if (wait > 0) throw new ApiError('too_many_wrong_keys', `Too many attempts. Try again in ${wait} s.`);
  const login = form.method === 'user' ? await byPassword(form, context.users) : await byKey(form, settings, context);
  for (const { limit, source } of counted) limit.takeBack(source);
  return login;
}

async function byPassword({ name, password }: Form, users: Users): Promise<Login> {
  const user = await users.find(name.trim(), password);
  if (!user) throw new ApiError('unauthorized', 'User name or password is wrong.');
  return { method: 'user', name: user.name, credential: user.version };
}

async function byKey({ key }: Form, settings: AccessSettings, { access }: LoginContext): Promise<Login> {
  const holder = await holderOf(settings, key.trim(), access.apiKeys);
  if (!holder) throw new ApiError('unauthorized', 'The key is wrong.');
  return holder.kind === 'access_key'
    ? { method: 'access_key', name: holder.name }
    : { method: 'api_key', name: holder.name, credential: holder.keyId };
}
