import { isLoopback } from '@nightcrier/core/settings/loopback';
import type { Secret } from '@nightcrier/core/settings/secret';
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
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
  /** Address of the API as browsers reach it. */
  publicUrl?: string | undefined;
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
 * Returns why a request is refused, undefined if it is not. Without a key, only requests for a name of this API are accepted. This
 * prevents DNS rebinding: a web page whose host name resolves to the address of the API could read it otherwise. With a key,
 * such a page lacks the key.
 */
export function refusal(
  access: AccessSettings,
  request: { authorization: string | undefined; host: string; origin?: string | undefined },
): ApiError | undefined {
  // CSRF: a page of another site may send requests, and browsers name its origin in all but plain reads.
  if (request.origin !== undefined && !isOwnOrigin(access, request.origin, request.host))
    return new ApiError('origin_not_allowed', `requests from pages of ${request.origin} are not allowed`);
  if (access.accessKey) {
    const [, key = ''] = /^Bearer +(.+)$/i.exec(request.authorization ?? '') ?? [];
    if (sameSecret(key, access.accessKey.reveal())) return undefined;
    return new ApiError('unauthorized', 'send the access key as "Authorization: Bearer <key>"');
  }
  const name = URL.parse(`http://${request.host}`)?.hostname ?? '';
  if (isOwnName(access, name)) return undefined;
  return new ApiError(
    'host_not_allowed',
    `host ${JSON.stringify(request.host)} is not a name of this API: ` +
      (isLoopback(access.host)
        ? 'use localhost or 127.0.0.1, or set public_url'
        : 'use its address, or set public_url'),
  );
}

function isOwnOrigin({ publicUrl }: AccessSettings, origin: string, host: string): boolean {
  const page = URL.parse(origin)?.host;
  return page !== undefined && (page === host || (publicUrl !== undefined && page === URL.parse(publicUrl)?.host));
}

/** A page of another site has a public DNS name. An address is not looked up, and a name without a dot is not public. */
function isOwnName({ host, publicUrl }: AccessSettings, name: string): boolean {
  if (isLoopback(name) || (publicUrl !== undefined && name === URL.parse(publicUrl)?.hostname)) return true;
  if (isLoopback(host) || name === '') return false;
  const isAddress = isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
  return isAddress || name === host.toLowerCase() || !name.includes('.') || /\.svc(?:\.cluster\.local)?$/.test(name);
}

/** Compares in constant time; the digests have the same length. */
function sameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
