import { isLoopback } from '@nightcrier/core/settings/loopback';
import type { Secret } from '@nightcrier/core/settings/secret';
import { createHash, timingSafeEqual } from 'node:crypto';
import { ApiError } from './api-error.ts';

/** Who may use the API. */
export interface AccessSettings {
  /** The address that the API listens on. */
  host: string;
  /** Required from every client as `Authorization: Bearer <key>`. */
  accessKey?: Secret | undefined;
  /** A file that holds the key, read at each request. */
  accessKeyFile?: string | undefined;
  /** Allows an address beyond loopback without a key. */
  allowAnonymous: boolean;
}

/**
 * Checks that an API which other machines can reach has an access key, or is meant to be open.
 * @throws Error that names the settings
 */
export function assertProtected({ host, accessKey, accessKeyFile, allowAnonymous }: AccessSettings): void {
  if (accessKey || accessKeyFile !== undefined || allowAnonymous || isLoopback(host)) return;
  throw new Error(
    `api.host ${host} can be reached from other machines: set api.access_key or api.access_key_file, ` +
      'or set api.allow_anonymous: true to serve incidents without authentication',
  );
}

/**
 * Returns why a request is refused, undefined if it is not. Without a key, an API on loopback accepts loopback host names
 * only. This prevents DNS rebinding: a web page whose host name resolves to 127.0.0.1 could read the API otherwise.
 */
export function refusal(
  { host, accessKey, allowAnonymous }: AccessSettings,
  request: { authorization: string | undefined; host: string; origin?: string | undefined },
): ApiError | undefined {
  // CSRF: a page of another site may send requests, and browsers name its origin in all but plain reads.
  if (request.origin !== undefined && URL.parse(request.origin)?.host !== request.host)
    return new ApiError('origin_not_allowed', `requests from pages of ${request.origin} are not allowed`);
  if (accessKey) {
    const [, key = ''] = /^Bearer +(.+)$/i.exec(request.authorization ?? '') ?? [];
    if (sameSecret(key, accessKey.reveal())) return undefined;
    return new ApiError('unauthorized', 'send the access key as "Authorization: Bearer <key>"');
  }
  if (allowAnonymous || !isLoopback(host)) return undefined;
  const name = URL.parse(`http://${request.host}`)?.hostname ?? '';
  if (isLoopback(name)) return undefined;
  return new ApiError(
    'host_not_allowed',
    `host ${JSON.stringify(request.host)} is not a loopback name; use localhost or 127.0.0.1`,
  );
}

/** Compares in constant time; the digests have the same length. */
function sameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
