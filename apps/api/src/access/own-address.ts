import { isLoopback } from '@nightcrier/core/settings/loopback';
import { isIP } from 'node:net';
import { ApiError } from '../errors/api-error.ts';
import type { AccessSettings } from './access-settings.ts';

/** What browsers say about the page that a request comes from. */
export interface RequestSource {
  method: string;
  host: string;
  origin?: string | undefined;
  /** `Sec-Fetch-Site` */
  fetchSite?: string | undefined;
}

/**
 * Refuses requests of pages of others (CSRF). Browsers name the origin in all but plain reads, and how the page is related to this API.
 * @throws ApiError origin_not_allowed
 */
export function assertOwnPage(access: AccessSettings, { method, host, origin, fetchSite }: RequestSource): void {
  if (origin !== undefined && !isOwnOrigin(access, origin, host))
    throw new ApiError('origin_not_allowed', `requests from pages of ${origin} are not allowed`);
  if (isChange(method) && (fetchSite === 'cross-site' || fetchSite === 'same-site'))
    throw new ApiError('origin_not_allowed', 'changes from pages of other origins are not allowed');
}

/**
 * Refuses a change whose credentials a browser adds by itself, such as a cookie, when it does not say which page it comes from: every
 * browser says it.
 * @throws ApiError origin_not_allowed
 */
export function assertNamesPage({ method, origin }: RequestSource): void {
  if (isChange(method) && origin === undefined)
    throw new ApiError('origin_not_allowed', 'a change with a session cookie needs an Origin header');
}

/**
 * Refuses a host name that is none of this API. This prevents DNS rebinding: a web page whose host name resolves to the address of the
 * API could use it otherwise. Only needed where the client is known by its address or not at all; such a page has no cookie and no key.
 * @throws ApiError host_not_allowed
 */
export function assertOwnHost(access: AccessSettings, host: string): void {
  if (isOwnName(access, URL.parse(`http://${host}`)?.hostname ?? '')) return;
  throw new ApiError(
    'host_not_allowed',
    `host ${JSON.stringify(host)} is not a name of this API: ` +
      (isLoopback(access.host)
        ? 'use localhost or 127.0.0.1, or set public_url'
        : 'use its address, or set public_url'),
  );
}

function isChange(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** A page on the same host by HTTP is another origin where the API is reached by HTTPS. */
function isOwnOrigin({ publicUrl, tls }: AccessSettings, origin: string, host: string): boolean {
  const page = URL.parse(origin);
  const known = publicUrl === undefined ? null : URL.parse(publicUrl);
  if (!page) return false;
  if (page.host === known?.host) return page.protocol === known.protocol;
  return page.host === host && (!tls || page.protocol === 'https:');
}

/** A page of another site has a public DNS name. An address is not looked up, and a name without a dot is not public. */
function isOwnName({ host, publicUrl }: AccessSettings, name: string): boolean {
  if (isLoopback(name) || (publicUrl !== undefined && name === URL.parse(publicUrl)?.hostname)) return true;
  if (isLoopback(host) || name === '') return false;
  const isAddress = isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
  return isAddress || name === host.toLowerCase() || !name.includes('.') || /\.svc(?:\.cluster\.local)?$/.test(name);
}
