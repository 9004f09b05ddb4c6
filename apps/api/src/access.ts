import type { Secret } from '@nightcrier/core/settings/secret';
import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { ApiError } from './api-error.ts';

/** Who may read the API. */
export interface AccessSettings {
  /** The address that the API listens on. */
  host: string;
  /** Asked of every client as `Authorization: Bearer <key>`. */
  accessKey?: Secret | undefined;
  /** A file that holds the key, read at each request. */
  accessKeyFile?: string | undefined;
  /** Serves addresses beyond loopback without a key. */
  allowAnonymous: boolean;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether an address or host name can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const address = host.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Refuses to start an API that everybody on the network could read.
 * @throws Error that says what to set
 */
export function assertProtected({ host, accessKey, accessKeyFile, allowAnonymous }: AccessSettings): void {
  if (accessKey || accessKeyFile !== undefined || allowAnonymous || isLoopback(host)) return;
  throw new Error(
    `api.host ${host} can be reached from other machines: set api.access_key (or api.access_key_file), ` +
      'or api.allow_anonymous: true to serve incidents to everybody',
  );
}

/**
 * Decides whether a request may be answered; returns why not. Without a key, a loopback API answers only to loopback
 * names: else a web page, whose own name is made to point to 127.0.0.1, could read it through the browser of whoever
 * visits.
 */
export function refusal(
  { host, accessKey, allowAnonymous }: AccessSettings,
  request: { authorization: string | undefined; host: string; origin?: string | undefined },
): ApiError | undefined {
  // A page of another site may send, though not read; browsers name its origin with everything but plain reads.
  if (request.origin !== undefined && URL.parse(request.origin)?.host !== request.host)
    return new ApiError('origin_not_allowed', `requests from the pages of ${request.origin} are not allowed`);
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
    `host ${JSON.stringify(request.host)} is not a name of this machine's loopback`,
  );
}

/** Compares in a time that tells nothing about either: digests have one length. */
function sameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
