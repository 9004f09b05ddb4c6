import type { FastifyInstance } from 'fastify';
import findMyWay from 'find-my-way';
import { METHODS } from 'node:http';

/**
 * Collects the routes that are registered afterwards. The framework's router finds a route by its method only, so this is another one
 * of the same kind.
 * @returns what finds the methods that a path has, in alphabetical order; none: there is no such path
 */
export function allowedMethods(app: FastifyInstance): (path: string) => string[] {
  const router = findMyWay({ maxParamLength: app.initialConfig.routerOptions?.maxParamLength });
  app.addHook('onRoute', ({ method, url, routePath }) => {
    // The framework reports `/` below a prefix once, but it is two routes.
    const urls = routePath === '' ? [url, `${url}/`] : [url];
    for (const one of [method].flat().filter((name) => isMethod(name)))
      for (const each of urls) if (!router.hasRoute(one, each)) router.on(one, each, () => undefined);
  });
  return (path) => METHODS.filter((method) => isMethod(method) && router.find(method, path) !== null).toSorted();
}

function isMethod(name: string): name is findMyWay.HTTPMethod {
  return METHODS.includes(name);
}
