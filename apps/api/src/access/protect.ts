import { choosesName, type Principal } from '@nightcrier/core/access/principal';
import { includesRole, type Role } from '@nightcrier/core/access/role';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../errors/api-error.ts';
import { link, withoutBasePath } from '../html/link.ts';
import { assertOneHost } from '@nightcrier/runtime/http/one-host';
import { SECURITY_HEADERS } from '@nightcrier/runtime/http/security-headers';
import { type AccessSettings, methodsOf } from './access-settings.ts';
import { authenticate, type CredentialStores } from './authenticate.ts';
import { returnPath } from './return-path.ts';
import { requireRoles } from './route-roles.ts';
import { readCookie, SESSION_COOKIE } from './session-cookie.ts';
import type { WrongKeys } from '@nightcrier/runtime/http/wrong-keys';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without credentials. */
    open?: boolean;
    /** Needed for this route. A route that has none, and is not `open`, makes the start fail. */
    role?: Role;
  }
  interface FastifyRequest {
    /** Set for each route that is not `open`, see {@link principalOf}. */
    principal: Principal | undefined;
  }
}

export interface Access extends CredentialStores {
  /** The settings of now. */
  settings: () => AccessSettings;
  wrongKeys: WrongKeys;
}

/**
 * Refuses every request whose client lacks the role that its route needs. The API does not start when a route says neither its role nor
 * that it is open.
 */
export function protect(app: FastifyInstance, access: Access): void {
  app.decorateRequest('principal', undefined);
  requireRoles(app);
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(SECURITY_HEADERS);
    assertOneHost(request.raw);
    // A URL that no route answers has no role either.
    const { open, role = 'viewer' } = request.routeOptions.config;
    if (open) return undefined;
    const settings = await currentAccess(access);
    try {
      const principal = await identify(request, settings, access);
      if (!includesRole(principal.role, role))
        throw new ApiError('forbidden', `${principal.name} has the role ${principal.role}; this needs ${role}`);
      request.principal = principal;
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'unauthorized') throw error;
      return refuse(request, reply, { error, settings, access });
    }
  });
}

/** Returns the settings of now with the access key, which may be in a file. */
export async function currentAccess({ settings }: Pick<Access, 'settings'>): Promise<AccessSettings> {
  const configured = settings();
  return { ...configured, accessKey: await readSecret(configured.accessKey, configured.accessKeyFile) };
}

/** Returns who makes a request. @throws ApiError see {@link authenticate} */
export async function identify(
  request: FastifyRequest,
  settings: AccessSettings,
  stores: CredentialStores,
): Promise<Principal> {
  const { method, host, headers, socket, raw } = request;
  const { authorization, origin, cookie } = headers;
  return authenticate(
    settings,
    {
      method,
      host,
      origin,
      fetchSite: [headers['sec-fetch-site']].flat()[0],
      authorization,
      session: readCookie(cookie, SESSION_COOKIE, settings),
      address: socket.remoteAddress ?? '',
      rawHeaders: raw.rawHeaders,
    },
    stores,
  );
}

/** Sends a browser to the login page, and answers any other client with 401, or with 429 after many wrong keys. */
function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  { error, settings, access }: { error: ApiError; settings: AccessSettings; access: Access },
): FastifyReply {
  if (request.headers.authorization === undefined) {
    if (hasLoginPage(settings)) {
      // A script of a page that follows a redirect would read the login page as its answer.
      if (request.headers['hx-request'] === 'true')
        void reply.header('hx-redirect', loginUrl(request, shownPage(request)));
      else if (wantsPage(request)) return reply.redirect(loginUrl(request, request.url), 303);
    }
    void reply.header('www-authenticate', 'Bearer');
    throw error;
  }
  const wait = access.wrongKeys.record(request.ip, Date.now());
  if (wait === 0) {
    void reply.header('www-authenticate', 'Bearer');
    throw error;
  }
  void reply.header('retry-after', wait);
  throw new ApiError('too_many_wrong_keys', `${request.ip} sent too many wrong access keys; wait ${wait} s`);
}

function loginUrl(request: FastifyRequest, returnTo: string): string {
  return `${link(request, '/login')}?return=${encodeURIComponent(returnTo)}`;
}

/** Returns the path of the page whose script makes a request. */
function shownPage({ headers, basePath }: FastifyRequest): string {
  const url = URL.parse([headers['hx-current-url']].flat()[0] ?? '');
  return url ? returnPath(withoutBasePath(url.pathname + url.search, basePath)) : '/';
}

/** What reads a whole page: a browser that follows a link, not a script of a page. */
function wantsPage(request: FastifyRequest): boolean {
  return request.method === 'GET' && request.accepts().type(['application/json', 'text/html']) === 'text/html';
}

function hasLoginPage(settings: AccessSettings): boolean {
  return methodsOf(settings).some((method) => method === 'keys' || method === 'users' || method === 'oidc');
}

/** Returns who makes a request of a route that is not `open`. */
export function principalOf({ principal }: FastifyRequest): Principal {
  if (!principal) throw new Error('the route is open, so nobody is known to make its requests');
  return principal;
}

/**
 * Returns the author of a change. A key that many people share does not say who they are, so they may; the name of an API key
 * or of a user is not up to the client.
 */
export function authorOf(request: FastifyRequest, claimed?: string): Pick<Principal, 'name' | 'kind'> {
  const { name, kind } = principalOf(request);
  return { name: choosesName(kind) ? (claimed ?? name) : name, kind };
}
