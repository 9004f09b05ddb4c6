import { EventId, STREAM_KINDS } from '@nightcrier/core/api/stream-event';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { READS } from '../access/route-roles.ts';
import type { EventResponses } from '../events/event-responses.ts';
import { parseBody } from '../parse-body.ts';

const StreamQuery = z.strictObject({
  kinds: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(STREAM_KINDS)))
    .optional(),
  cluster: z.string().min(1).max(100).optional(),
  after: EventId.optional(),
});

/** `GET /stream`: server-sent events, see `EventResponses`. A browser resumes with the header `Last-Event-ID`. */
export function streamRoute(app: FastifyInstance, responses: EventResponses): void {
  app.get('/stream', { ...READS, exposeHeadRoute: false }, async (request, reply) => {
    const { kinds, cluster, after } = parseBody(StreamQuery, request.query);
    const header = request.headers['last-event-id'];
    const resumed = header === undefined ? after : parseBody(EventId, header);
    await responses.answer(reply, resumed, { kinds, cluster });
    return reply;
  });
}
