import { parseCookie, stringifySetCookie } from 'cookie';
import { type AccessSettings, isSecure } from './access-settings.ts';

type Where = Pick<AccessSettings, 'tls' | 'publicUrl' | 'basePath'>;

/** Returns the value of a cookie of this API; undefined if the request has none. */
export function readCookie(header: string | undefined, name: string, where: Where): string | undefined {
  return header === undefined ? undefined : parseCookie(header)[fullName(name, where)];
}

/**
 * Returns the `Set-Cookie` header of a cookie that scripts do not see, and that requests of other sites do not carry.
 * @param maxAge seconds; 0 removes the cookie
 */
export function setCookie(name: string, value: string, maxAge: number, where: Where): string {
  return stringifySetCookie({
    name: fullName(name, where),
    value,
    maxAge: Math.round(maxAge),
    path: where.basePath === '' ? '/' : where.basePath,
    httpOnly: true,
    sameSite: 'lax',
    secure: isSecure(where),
  });
}

/** Browsers accept a name with these prefixes only from the host itself, by HTTPS; `__Host-` also needs the path `/`. */
function fullName(name: string, where: Where): string {
  if (!isSecure(where)) return name;
  return where.basePath === '' ? `__Host-${name}` : `__Secure-${name}`;
}

/** Holds the secret of a session. */
export const SESSION_COOKIE = 'nightcrier';
