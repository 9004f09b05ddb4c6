import { isLoopback } from './loopback.ts';
import type { AuthSettings, LoginMethod } from './sections/api-access.ts';

/** The settings that decide who may use the API. */
export interface ApiAccess {
  host: string;
  /** `api.access_key` or `api.access_key_file` is set. */
  hasKey: boolean;
  allow_anonymous: boolean;
  public_url?: string | undefined;
  base_path: string;
  auth: AuthSettings;
}

/** Returns how people log in, where the setting does not say it: with the access key, or not at all. */
export function loginMethods({ auth, hasKey }: Pick<ApiAccess, 'auth' | 'hasKey'>): readonly LoginMethod[] {
  return auth.methods ?? [hasKey ? 'keys' : 'none'];
}

interface AccessProblem {
  /** Name of the setting. */
  setting: string;
  message: string;
}

/** Returns what is missing for the ways to log in, and what would leave the API open to other machines. */
export function accessProblems(access: ApiAccess): AccessProblem[] {
  const methods = loginMethods(access);
  return [
    ...methodProblems(access, methods),
    ...(methods.includes('none') ? opennessProblems(access) : []),
    ...(methods.includes('oidc') ? oidcProblems(access) : []),
    ...(methods.includes('proxy') ? proxyProblems(access) : []),
    ...basePathProblems(access),
  ];
}

function methodProblems({ auth, hasKey }: ApiAccess, methods: readonly LoginMethod[]): AccessProblem[] {
  const setting = 'api.auth.methods';
  if (methods.length === 0) return [{ setting, message: 'must name a method; none: no login, on this machine only' }];
  const isOpen = methods.includes('none');
  const others = methods.filter((method) => method !== 'none');
  if (isOpen && others.length > 0)
    return [{ setting, message: `none cannot be combined with ${others.join(', ')}: remove one of them` }];
  if (isOpen && hasKey && auth.methods)
    return [{ setting, message: 'none makes api.access_key useless: remove one of them, or set keys' }];
  if (methods.includes('keys') && !hasKey)
    return [{ setting, message: 'keys needs api.access_key (or api.access_key_file), which makes the first API key' }];
  return [];
}

function opennessProblems({ host, allow_anonymous }: ApiAccess): AccessProblem[] {
  if (allow_anonymous || isLoopback(host)) return [];
  const message =
    `${host} can be reached from other machines: set api.access_key (or api.access_key_file) or another way to log in ` +
    '(api.auth.methods), or set api.allow_anonymous: true to serve incidents without authentication';
  return [{ setting: 'api.host', message }];
}

function oidcProblems({ auth, public_url }: ApiAccess): AccessProblem[] {
  const { issuer, client_id } = auth.oidc;
  const setting = 'api.auth.methods';
  const problems: AccessProblem[] = [];
  if (issuer === undefined) problems.push({ setting, message: 'oidc needs api.auth.oidc.issuer' });
  if (client_id === undefined) problems.push({ setting, message: 'oidc needs api.auth.oidc.client_id' });
  if (public_url === undefined)
    problems.push({ setting, message: 'oidc needs public_url, to which the provider sends the browser back' });
  const url = issuer === undefined ? null : URL.parse(issuer);
  if (url?.protocol === 'http:' && !isLoopback(url.hostname))
    problems.push({ setting: 'api.auth.oidc.issuer', message: `${issuer} must be an https:// URL` });
  return [...problems, ...roleProblems('oidc', auth)];
}

function proxyProblems({ auth }: ApiAccess): AccessProblem[] {
  const missing = {
    setting: 'api.auth.methods',
    message: 'proxy needs api.auth.proxy.addresses, the proxies to believe',
  };
  return [...(auth.proxy.addresses === undefined ? [missing] : []), ...roleProblems('proxy', auth)];
}

/** Without a role for anybody, nobody could log in. */
function roleProblems(method: LoginMethod, { roles, default_role }: AuthSettings): AccessProblem[] {
  if (default_role !== 'none' || Object.keys(roles).length > 0) return [];
  const message = `${method} gives nobody a role: set api.auth.roles (group to role), or api.auth.default_role`;
  return [{ setting: 'api.auth.methods', message }];
}

function basePathProblems({ base_path, public_url }: ApiAccess): AccessProblem[] {
  if (base_path === '' || public_url === undefined) return [];
  const path = URL.parse(public_url)?.pathname.replace(/\/$/, '');
  if (path === base_path) return [];
  return [{ setting: 'api.base_path', message: `${base_path} is not the path of public_url, ${public_url}` }];
}
