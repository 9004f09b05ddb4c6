import { NewSilence, type Silence, type SilenceState, silenceState } from '@nightcrier/core/silences/silence';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { FastifyInstance } from 'fastify';
import { authorOf } from '../access/protect.ts';
import { CHANGES, READS } from '../access/route-roles.ts';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../api-error.ts';
import { parseBody } from '../parse-body.ts';

/** A silence as the API shows it. */
export interface ShownSilence extends Silence {
  state: SilenceState;
}

/** Routes of silences: read them, add one, end one. */
export function silenceRoutes(app: FastifyInstance, { silences, audit, logger }: ApiContext): void {
  const shown = (silence: Silence): ShownSilence => ({ ...silence, state: silenceState(silence, Date.now()) });

  app.get('/silences', READS, async (): Promise<{ silences: ShownSilence[] }> => ({
    silences: (await silences.list()).map(shown),
  }));

  app.post('/silences', CHANGES, async (request, reply): Promise<{ silence: ShownSilence }> => {
    const wanted = parseBody(NewSilence, request.body);
    const author = authorOf(request, wanted.author);
    const comment = await redactText(wanted.comment);
    try {
      const silence = await silences.add({ ...wanted, comment }, author.name);
      const { id, matchers, ends_at } = silence;
      await audit.record(author, { action: 'silence_added', subject: id, details: { matchers, ends_at, comment } });
      logger.info({ by: author.name, silence: id, matchers, ends_at }, 'silence added');
      void reply.status(201);
      return { silence: shown(silence) };
    } catch (error) {
      if (error instanceof RangeError) throw new ApiError('bad_request', error.message, { cause: error });
      throw error;
    }
  });

  app.delete<{ Params: { id: string } }>(
    '/silences/:id',
    CHANGES,
    async (request): Promise<{ silence: ShownSilence }> => {
      const author = authorOf(request);
      const { id } = request.params;
      const silence = await silences.expire(id, author.name);
      if (!silence)
        throw new ApiError('silence_not_found', `there is no silence ${JSON.stringify(id)} that has not ended`);
      await audit.record(author, { action: 'silence_expired', subject: id, details: { matchers: silence.matchers } });
      logger.info({ by: author.name, silence: id }, 'silence expired');
      return { silence: shown(silence) };
    },
  );
}
