import { GET_BOOKS } from '@nightcrier/core/api/health-routes';
import { auditBooks } from '@nightcrier/core/incidents/books';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { serve } from '../serve-route.ts';

/** `GET /books`: the books at one instant, and whether they balance. */
export function booksRoute(app: FastifyInstance, { intake }: ApiContext): void {
  serve(app, GET_BOOKS, async () => auditBooks(await intake.read()));
}
