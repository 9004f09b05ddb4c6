import { roleOfGroups } from '@nightcrier/core/access/group-roles';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AccessSettings, methodsOf } from '../access/access-settings.ts';
import { currentAccess } from '../access/protect.ts';
import { returnPath } from '../access/return-path.ts';
import { OPEN } from '../access/route-roles.ts';
import { readCookie, setCookie } from '../access/session-cookie.ts';
import { ApiError } from '../errors/api-error.ts';
import { link } from '../html/link.ts';
import { sendHtml } from '../html/page.ts';
import { logIn } from './log-in.ts';
import { loginPage } from './login-page.ts';
import type { LoginContext } from './login-routes.ts';
import { OidcClient } from './oidc-client.ts';

/** Binds the answer of the provider to the browser that asked for it: an answer that an attacker got is refused (login CSRF). */
const ATTEMPT_COOKIE = 'nightcrier-oidc';
/** Time for logging in at the provider, seconds. */
const ATTEMPT_LIFE_S = 600;
const Attempt = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), return: z.string() });

/** The provider may be slow; it is asked up to four times. */
const ROUTE = { ...OPEN, handlerTimeout: 20_000 };

/** `/login/oidc` and the redirect URI of the provider. */
export function oidcRoutes(app: FastifyInstance, context: LoginContext): void {
  const client = new OidcClient();

  app.get<{ Querystring: { return?: unknown } }>('/login/oidc', ROUTE, async (request, reply) => {
    const settings = await oidcSettings(context);
    try {
      const { url, attempt } = await client.begin(settings.auth.oidc, redirectUri(settings));
      const kept = JSON.stringify({ ...attempt, return: returnPath(request.query.return) });
      void reply.header('set-cookie', setCookie(ATTEMPT_COOKIE, kept, ATTEMPT_LIFE_S, settings));
      return await reply.redirect(url.href, 303);
    } catch (error) {
      context.logger.error({ issuer: settings.auth.oidc.issuer, error }, 'identity provider failed');
      return failed(request, reply, settings, { status: 502, problem: 'The identity provider does not answer.' });
    }
  });

  app.get('/login/oidc/callback', ROUTE, async (request, reply) => {
    const settings = await oidcSettings(context);
    const kept = attemptOf(readCookie(request.headers.cookie, ATTEMPT_COOKIE, settings));
    if (!kept)
      return failed(request, reply, settings, {
        status: 400,
        problem: 'The login took too long, or began in another browser.',
      });
    const answer = new URL(redirectUri(settings));
    answer.search = new URL(request.url, answer).search;
    try {
      const { name, groups } = await client.complete(settings.auth.oidc, answer, kept);
      if (!roleOfGroups(groups, settings.auth)) {
        context.logger.warn({ by: name, address: request.ip }, 'login of a user without a role refused');
        return await failed(request, reply, settings, {
          status: 403,
          problem: `${name} has no access to this Nightcrier.`,
        });
      }
      await logIn(request, reply, { login: { method: 'oidc', name, groups }, settings, stores: context });
    } catch (error) {
      context.logger.warn({ address: request.ip, error }, 'login at the identity provider failed');
      return failed(request, reply, settings, { status: 403, problem: 'The login failed. Try again.' });
    }
    const cookies = [reply.getHeader('set-cookie'), setCookie(ATTEMPT_COOKIE, '', 0, settings)].flat();
    void reply.header('set-cookie', cookies.map(String));
    return reply.redirect(link(request, returnPath(kept.return)), 303);
  });
}

/** @throws ApiError not_found where the provider is not configured */
async function oidcSettings({ access }: LoginContext): Promise<AccessSettings> {
  const settings = await currentAccess(access);
  if (methodsOf(settings).includes('oidc')) return settings;
  throw new ApiError('not_found', 'this API has no login by OpenID Connect');
}

/** `public_url` includes the base path. */
function redirectUri({ publicUrl = '' }: AccessSettings): string {
  return `${publicUrl.replace(/\/+$/, '')}/login/oidc/callback`;
}

function attemptOf(cookie: string | undefined): z.infer<typeof Attempt> | undefined {
  try {
    return Attempt.safeParse(JSON.parse(cookie ?? '')).data;
  } catch {
    return undefined;
  }
}

function failed(
  request: FastifyRequest,
  reply: FastifyReply,
  settings: AccessSettings,
  { status, problem }: { status: number; problem: string },
): FastifyReply {
  void reply.header('set-cookie', setCookie(ATTEMPT_COOKIE, '', 0, settings));
  return sendHtml(reply.status(status), loginPage(request, { methods: methodsOf(settings), returnTo: '/', problem }));
}
