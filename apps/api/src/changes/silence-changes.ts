import type { NewSilence, Silence } from '@nightcrier/core/silences/silence';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../errors/api-error.ts';
import type { Author } from './problem-changes.ts';

/** Adds a silence. @throws ApiError bad_request when it would be over before it begins, or there are too many */
export async function addSilence(
  { silences, audit, logger }: ApiContext,
  wanted: NewSilence,
  author: Author,
): Promise<Silence> {
  const comment = await redactText(wanted.comment);
  try {
    const silence = await silences.add({ ...wanted, comment }, author.name);
    const { id, matchers, ends_at } = silence;
    await audit.record(author, { action: 'silence_added', subject: id, details: { matchers, ends_at, comment } });
    logger.info({ by: author.name, silence: id, matchers, ends_at }, 'silence added');
    return silence;
  } catch (error) {
    if (error instanceof RangeError) throw new ApiError('bad_request', error.message, { cause: error });
    throw error;
  }
}

/** Ends a silence at once. @throws ApiError silence_not_found */
export async function expireSilence(
  { silences, audit, logger }: ApiContext,
  id: string,
  author: Author,
): Promise<Silence> {
  const silence = await silences.expire(id, author.name);
  if (!silence) throw new ApiError('silence_not_found', `there is no silence ${JSON.stringify(id)} that has not ended`);
  await audit.record(author, { action: 'silence_expired', subject: id, details: { matchers: silence.matchers } });
  logger.info({ by: author.name, silence: id }, 'silence expired');
  return silence;
}
