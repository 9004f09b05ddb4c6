import { auditBooks, type Books } from '@nightcrier/core/incidents/books';
import type { FastifyInstance } from 'fastify';
import { READS } from '../access/route-roles.ts';
import type { ApiContext } from '../api-context.ts';

/** `GET /books`: the books at one instant, and whether they balance. */
export function booksRoute(app: FastifyInstance, { intake }: ApiContext): void {
  app.get('/books', READS, async (): Promise<Books> => auditBooks(await intake.read()));
}
