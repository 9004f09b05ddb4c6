import { z } from 'zod';
import { type ApiRoute, ClusterName, listOf } from './route.ts';
import { EventId, STREAM_KINDS } from './stream-event.ts';

export const STREAM_EVENTS = {
  method: 'GET',
  path: '/api/stream',
  tag: 'events',
  role: 'viewer',
  summary: 'Streams what happens to problems, incidents and clusters',
  description:
    'Server-sent events: `id`, `event` (the kind) and `data` (JSON), see `StreamEvent`. A browser that loses the connection resumes with the ' +
    'header `Last-Event-ID`; `after` does the same for a first request. An event `reset` says that events between are no longer kept: read ' +
    'everything again. A stream ends after 15 minutes at the latest; browsers reconnect by themselves.',
  query: z.strictObject({
    kinds: listOf(STREAM_KINDS).optional(),
    cluster: ClusterName.optional(),
    after: EventId.optional(),
  }),
  answers: { 200: z.string() },
  contentTypes: ['text/event-stream'],
} as const satisfies ApiRoute;
