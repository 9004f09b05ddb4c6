import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Path that a proxy serves this API under, such as `/nightcrier`; empty where it is served at the root. */
    basePath: string;
  }
}

/** Gives each request its base path; whoever knows it sets it before the route runs. */
export function decorateBasePath(app: FastifyInstance): void {
  if (!app.hasRequestDecorator('basePath')) app.decorateRequest('basePath', '');
}

/** Returns the path of a page as the browser has to ask for it. Every link of a page is made by this. */
export function link({ basePath }: Pick<FastifyRequest, 'basePath'>, path: `/${string}`): string {
  return basePath + path;
}
