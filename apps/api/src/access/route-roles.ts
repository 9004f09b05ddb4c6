import type { FastifyContextConfig, FastifyInstance, RouteOptions } from 'fastify';

/** Who may use a route, for its options: everybody, or the clients of a role and of those above it. */
export const OPEN = { config: { open: true } } as const;
export const READS = { config: { role: 'viewer' } } as const;
export const CHANGES = { config: { role: 'operator' } } as const;
export const ADMINISTERS = { config: { role: 'admin' } } as const;

/** Makes the start fail when a route of the application says neither its role nor that it is open. */
export function requireRoles(app: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  // A plugin may add the role in a hook of its own, which runs after this one.
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  app.addHook('onReady', (done) => {
    const unclear = routes.filter(({ config }) => !saysWho(config));
    const names = unclear.map(({ method, url }) => `${[method].flat().join(', ')} ${url}`);
    done(names.length === 0 ? undefined : new Error(`routes without a role: ${names.join('; ')}; see route-roles.ts`));
  });
}

function saysWho(config: FastifyContextConfig | undefined): boolean {
  return config?.open === true || config?.role !== undefined;
}
