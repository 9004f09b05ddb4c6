import { NewSilence, type Silence, type SilenceState, silenceState } from '@nightcrier/core/silences/silence';
import type { FastifyInstance } from 'fastify';
import { authorOf } from '../access/protect.ts';
import { CHANGES, READS } from '../access/route-roles.ts';
import type { ApiContext } from '../api-context.ts';
import { addSilence, expireSilence } from '../changes/silence-changes.ts';
import { parseBody } from '../parse-body.ts';

/** A silence as the API shows it. */
export interface ShownSilence extends Silence {
  state: SilenceState;
}

/** Routes of silences: read them, add one, end one. */
export function silenceRoutes(app: FastifyInstance, context: ApiContext): void {
  const { silences } = context;
  const shown = (silence: Silence): ShownSilence => ({ ...silence, state: silenceState(silence, Date.now()) });

  app.get('/silences', READS, async (): Promise<{ silences: ShownSilence[] }> => ({
    silences: (await silences.list()).map(shown),
  }));

  app.post('/silences', CHANGES, async (request, reply): Promise<{ silence: ShownSilence }> => {
    const wanted = parseBody(NewSilence, request.body);
    const silence = await addSilence(context, wanted, authorOf(request, wanted.author));
    void reply.status(201);
    return { silence: shown(silence) };
  });

  app.delete<{ Params: { id: string } }>(
    '/silences/:id',
    CHANGES,
    async (request): Promise<{ silence: ShownSilence }> => ({
      silence: shown(await expireSilence(context, request.params.id, authorOf(request))),
    }),
  );
}
