import type { ApiFailure } from '@nightcrier/core/api/errors';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import type { HttpError } from './http-error.ts';

/**
 * Returns the body of a failed request, see RFC 9457.
 * @param url of the request, if there is one; its query is left out
 */
export function failureBody({ code, status, message }: HttpError, url?: string): ApiFailure {
  const detail = hideSecrets(message);
  return {
    type: `urn:nightcrier:error:${code}`,
    title: titleOf(code),
    status,
    detail,
    ...(url !== undefined && { instance: hideSecrets(url.split('?', 1)[0] ?? '') }),
    error: { code, message: detail },
  };
}

/** Returns `incident_not_found` as "Incident not found". */
function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ').replaceAll('redis', 'Redis').replaceAll('uri', 'URI');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
