import { choosesName, type Principal } from '@nightcrier/core/access/principal';
import { includesRole, type Role } from '@nightcrier/core/access/role';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';
import type { ApiKeys } from '@nightcrier/state/access/api-keys';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type AccessSettings, authenticate } from './authenticate.ts';
import { ApiError } from '../api-error.ts';
import { SECURITY_HEADERS } from '../security-headers.ts';
import { requireRoles } from './route-roles.ts';
import { WrongKeys } from './wrong-keys.ts';

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

/**
 * Refuses every request whose client lacks the role that its route needs. The API does not start when a route says neither its role nor
 * that it is open.
 */
export function protect(
  app: FastifyInstance,
  { settings, apiKeys }: { settings: () => AccessSettings; apiKeys: ApiKeys },
): void {
  app.decorateRequest('principal', undefined);
  requireRoles(app);
  const wrongKeys = new WrongKeys();
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(SECURITY_HEADERS);
    // A URL that no route answers has no role either.
    const { open, role = 'viewer' } = request.routeOptions.config;
    if (open) return;
    const { authorization, origin } = request.headers;
    const configured = settings();
    const access = { ...configured, accessKey: await readSecret(configured.accessKey, configured.accessKeyFile) };
    try {
      const principal = await authenticate(access, { authorization, host: request.host, origin }, (secret) =>
        apiKeys.find(secret),
      );
      if (!includesRole(principal.role, role))
        throw new ApiError('forbidden', `${principal.name} has the role ${principal.role}; this needs ${role}`);
      request.principal = principal;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'unauthorized') throw error;
      const wait = authorization === undefined ? 0 : wrongKeys.record(request.ip, Date.now());
      if (wait === 0) {
        void reply.header('www-authenticate', 'Bearer');
        throw error;
      }
      void reply.header('retry-after', wait);
      throw new ApiError('too_many_wrong_keys', `${request.ip} sent too many wrong access keys; wait ${wait} s`);
    }
  });
}

/** Returns who makes a request of a route that is not `open`. */
export function principalOf({ principal }: FastifyRequest): Principal {
  if (!principal) throw new Error('the route is open, so nobody is known to make its requests');
  return principal;
}

/**
 * Returns the author of a change. A key that many people share does not say who they are, so they may; the name of an API key
 * is not up to its holder.
 */
export function authorOf(request: FastifyRequest, claimed?: string): Pick<Principal, 'name' | 'kind'> {
  const { name, kind } = principalOf(request);
  return { name: choosesName(kind) ? (claimed ?? name) : name, kind };
}
