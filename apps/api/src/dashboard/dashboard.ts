import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { assertRedisAnswers } from '../error-handling.ts';
import { nowPage } from './now/now-page.ts';

/** The pages for browsers. What a form of them changes, a route of the API changes the same way. */
export function dashboard(app: FastifyInstance, context: ApiContext): void {
  app.addHook('preHandler', async () => assertRedisAnswers(context.redis));
  nowPage(app, context);
}
