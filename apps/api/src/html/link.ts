import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Path that a proxy serves this API under, such as `/nightcrier`; empty where it is served at the root. */
    basePath: string;
  }
}

/** Gives each request its base path. */
export function decorateBasePath(app: FastifyInstance, basePath: string): void {
  app.decorateRequest('basePath', basePath);
}

/** Returns the URL as routes know it. A proxy may have removed the base path, or passes it on. */
export function withoutBasePath(url: string, basePath: string): string {
  if (basePath === '' || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest.startsWith('/')) return rest;
  return rest === '' || rest.startsWith('?') ? `/${rest}` : url;
}

/** Returns the path of a page as the browser has to ask for it. Every link of a page is made by this. */
export function link({ basePath }: Pick<FastifyRequest, 'basePath'>, path: `/${string}`): string {
  return basePath + path;
}
