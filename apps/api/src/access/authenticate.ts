import type { ApiKey } from '@nightcrier/core/access/api-key';
import type { Principal } from '@nightcrier/core/access/principal';
import { isLoopback } from '@nightcrier/core/settings/loopback';
import type { Secret } from '@nightcrier/core/settings/secret';
import { isNamedKey } from '@nightcrier/state/access/api-keys';
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { ApiError } from '../api-error.ts';

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

/** What is known of a request before its route runs. */
export interface Credentials {
  authorization: string | undefined;
  host: string;
  origin?: string | undefined;
}

/**
 * Returns who makes a request. Without credentials, only requests for a name of this API are accepted. This prevents DNS
 * rebinding: a web page whose host name resolves to the address of the API could use it otherwise. With credentials, such a
 * page lacks them.
 * @param findKey looks a named key up
 * @throws ApiError origin_not_allowed, unauthorized or host_not_allowed
 */
export async function authenticate(
  access: AccessSettings,
  request: Credentials,
  findKey: (secret: string) => Promise<ApiKey | undefined>,
): Promise<Principal> {
  // CSRF: a page of another site may send requests, and browsers name its origin in all but plain reads.
  if (request.origin !== undefined && !isOwnOrigin(access, request.origin, request.host))
    throw new ApiError('origin_not_allowed', `requests from pages of ${request.origin} are not allowed`);
  const [, secret] = /^Bearer +(.+)$/i.exec(request.authorization ?? '') ?? [];
  if (secret !== undefined) {
    if (access.accessKey && sameSecret(secret, access.accessKey.reveal()))
      return { name: 'access key', kind: 'access_key', role: 'admin' };
    const key = await findKey(secret);
    if (key) return { name: key.name, kind: 'api_key', role: key.role };
    if (isNamedKey(secret))
      throw new ApiError('unauthorized', 'this API key does not exist, is revoked or has expired');
  }
  if (access.accessKey)
    throw new ApiError('unauthorized', 'send the access key or an API key as "Authorization: Bearer <key>"');
  return anonymous(access, request.host);
}

/** Everybody on this machine may do everything; beyond it, nobody without a key decides who has access. */
function anonymous(access: AccessSettings, host: string): Principal {
  const name = URL.parse(`http://${host}`)?.hostname ?? '';
  if (isOwnName(access, name))
    return { name: 'anonymous', kind: 'anonymous', role: isLoopback(access.host) ? 'admin' : 'operator' };
  throw new ApiError(
    'host_not_allowed',
    `host ${JSON.stringify(host)} is not a name of this API: ` +
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
