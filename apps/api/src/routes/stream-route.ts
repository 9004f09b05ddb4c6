import { EventId } from '@nightcrier/core/api/stream-event';
import { STREAM_EVENTS } from '@nightcrier/core/api/stream-route';
import type { FastifyInstance } from 'fastify';
import type { Access } from '../access/protect.ts';
import { isStillAllowed } from '../access/still-allowed.ts';
import { ApiError } from '../errors/api-error.ts';
import type { EventResponses } from '../events/event-responses.ts';
import { serve } from '../serve-route.ts';

/** `GET /stream`: server-sent events, see `EventResponses`. A browser resumes with the header `Last-Event-ID`. */
export function streamRoute(app: FastifyInstance, responses: EventResponses, access: Access): void {
  serve(
    app,
    STREAM_EVENTS,
    async (request, reply) => {
      const { kinds, cluster, after } = request.query;
      const from = resumedAt(request.headers['last-event-id']) ?? after;
      await responses.answer(reply, from, { kinds, cluster }, async () => isStillAllowed(request, access));
      return reply;
    },
    // It would wait for ever.
    { exposeHeadRoute: false },
  );
}

/** Returns the id in the header that a browser resumes with. */
function resumedAt(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const id = EventId.safeParse(header);
  if (!id.success) throw new ApiError('bad_request', `the header Last-Event-ID ${id.error.issues[0]?.message}`);
  return id.data;
}
