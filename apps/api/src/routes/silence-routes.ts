import { ADD_SILENCE, EXPIRE_SILENCE, LIST_SILENCES, type ShownSilence } from '@nightcrier/core/api/silence-routes';
import { type Silence, silenceState } from '@nightcrier/core/silences/silence';
import type { FastifyInstance } from 'fastify';
import { authorOf } from '../access/protect.ts';
import type { ApiContext } from '../api-context.ts';
import { addSilence, expireSilence } from '../changes/silence-changes.ts';
import { pageOf } from '../lists/list-page.ts';
import { serve } from '../serve-route.ts';

/** Routes of silences: read them, add one, end one. */
export function silenceRoutes(app: FastifyInstance, context: ApiContext): void {
  const shown = (silence: Silence): ShownSilence => ({ ...silence, state: silenceState(silence, Date.now()) });

  serve(app, LIST_SILENCES, async ({ query }) => {
    const wanted = (await context.silences.list())
      .map(shown)
      .filter(({ state }) => query.state?.includes(state) ?? true);
    const { items, ...next } = pageOf(wanted, query, ({ ends_at: end, id }) => `${end} ${id}`, 'descending');
    return { silences: items, ...next };
  });

  serve(app, ADD_SILENCE, async (request, reply) => {
    const silence = await addSilence(context, request.body, authorOf(request, request.body.author));
    void reply.status(201);
    return { silence: shown(silence) };
  });

  serve(app, EXPIRE_SILENCE, async (request) => ({
    silence: shown(await expireSilence(context, request.params.id, authorOf(request))),
  }));
}
