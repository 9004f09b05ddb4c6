import { ADD_SILENCE, EXPIRE_SILENCE, LIST_SILENCES, type ShownSilence } from '@nightcrier/core/api/silence-routes';
import { type Silence, silenceState } from '@nightcrier/core/silences/silence';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { FastifyInstance } from 'fastify';
import { authorOf } from '../access/protect.ts';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../api-error.ts';
import { pageOf } from '../list-page.ts';
import { serve } from '../serve-route.ts';

/** Routes of silences: read them, add one, end one. */
export function silenceRoutes(app: FastifyInstance, { silences, audit, logger }: ApiContext): void {
  const shown = (silence: Silence): ShownSilence => ({ ...silence, state: silenceState(silence, Date.now()) });

  serve(app, LIST_SILENCES, async ({ query }) => {
    const wanted = (await silences.list()).map(shown).filter(({ state }) => query.state?.includes(state) ?? true);
    const { items, ...next } = pageOf(wanted, query, ({ ends_at: end, id }) => `${end} ${id}`, 'descending');
    return { silences: items, ...next };
  });

  serve(app, ADD_SILENCE, async (request, reply) => {
    const wanted = request.body;
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

  serve(app, EXPIRE_SILENCE, async (request) => {
    const author = authorOf(request);
    const { id } = request.params;
    const silence = await silences.expire(id, author.name);
    if (!silence)
      throw new ApiError('silence_not_found', `there is no silence ${JSON.stringify(id)} that has not ended`);
    await audit.record(author, { action: 'silence_expired', subject: id, details: { matchers: silence.matchers } });
    logger.info({ by: author.name, silence: id }, 'silence expired');
    return { silence: shown(silence) };
  });
}
