import type { Principal } from '@nightcrier/core/access/principal';
import { isLoopback } from '@nightcrier/core/settings/loopback';
import { type ApiKeys, isNamedKey } from '@nightcrier/state/access/api-keys';
import { createHash, timingSafeEqual } from 'node:crypto';
import { ApiError } from '../errors/api-error.ts';
import { type AccessSettings, methodsOf } from './access-settings.ts';
import { assertNamesPage, assertOwnHost, assertOwnPage, type RequestSource } from './own-address.ts';
import { type ProxyRequest, principalOfProxy } from './proxy-principal.ts';
import type { SessionPrincipals } from './session-principals.ts';

/** What is known of a request before its route runs. */
export interface Credentials extends RequestSource, ProxyRequest {
  authorization: string | undefined;
  /** The value of the session cookie. */
  session: string | undefined;
}

export interface CredentialStores {
  apiKeys: Pick<ApiKeys, 'find'>;
  sessions: SessionPrincipals;
}

/**
 * Returns who makes a request: by a key, else by a session, else by the headers of a proxy.
 * @param access with the access key of now
 * @throws ApiError origin_not_allowed, unauthorized, host_not_allowed or forbidden
 */
export async function authenticate(
  access: AccessSettings,
  request: Credentials,
  { apiKeys, sessions }: CredentialStores,
): Promise<Principal> {
  assertOwnPage(access, request);
  const [, secret] = /^Bearer +(.+)$/i.exec(request.authorization ?? '') ?? [];
  const holder = secret === undefined ? undefined : await holderOf(access, secret, apiKeys);
  if (holder) return holder;
  const user = request.session === undefined ? undefined : await sessions.find(request.session, access);
  if (user) {
    assertNamesPage(request);
    return user;
  }
  const methods = methodsOf(access);
  const proxied = methods.includes('proxy') ? principalOfProxy(access, request) : undefined;
  if (proxied) return proxied;
  if (methods.includes('none')) return anonymous(access, request.host);
  throw new ApiError('unauthorized', 'send the access key or an API key as "Authorization: Bearer <key>", or log in');
}

/**
 * Returns who has a key; undefined if it is none.
 * @throws ApiError unauthorized for an API key that has ended
 */
export async function holderOf(
  access: AccessSettings,
  secret: string,
  apiKeys: Pick<ApiKeys, 'find'>,
): Promise<(Principal & { keyId?: string }) | undefined> {
  if (access.accessKey && sameSecret(secret, access.accessKey.reveal()))
    return { name: 'access key', kind: 'access_key', role: 'admin' };
  const key = await apiKeys.find(secret);
  if (key) return { name: key.name, kind: 'api_key', role: key.role, keyId: key.id };
  if (isNamedKey(secret)) throw new ApiError('unauthorized', 'this API key does not exist, is revoked or has expired');
  return undefined;
}

/** Everybody on this machine may do everything; beyond it, nobody without a key decides who has access. */
function anonymous(access: AccessSettings, host: string): Principal {
  assertOwnHost(access, host);
  return { name: 'anonymous', kind: 'anonymous', role: isLoopback(access.host) ? 'admin' : 'operator' };
}

/** Compares in constant time; the digests have the same length. */
function sameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
