import { accessProblems, loginMethods } from '@nightcrier/core/settings/access-problems';
import type { Config } from '@nightcrier/core/settings/config';
import type { AuthSettings, LoginMethod } from '@nightcrier/core/settings/sections/api-access';
import type { Secret } from '@nightcrier/core/settings/secret';

/** Who may use the API. */
export interface AccessSettings {
  /** The address that the API listens on. */
  host: string;
  /** A key for everything, which clients send as `Authorization: Bearer <key>`. */
  accessKey?: Secret | undefined;
  /** A file that holds the key, read at each request. */
  accessKeyFile?: string | undefined;
  /** Allows an address beyond loopback without any way to log in. */
  allowAnonymous: boolean;
  /** Address of the API as browsers reach it, with the base path. */
  publicUrl?: string | undefined;
  /** Path below which browsers reach the API; empty at the root. */
  basePath: string;
  /** Whether the API itself serves HTTPS. */
  tls: boolean;
  auth: AuthSettings;
}

/** Returns the settings of access in a configuration. */
export function accessSettings({ api, public_url: publicUrl }: Config): AccessSettings {
  return {
    host: api.host,
    accessKey: api.access_key,
    accessKeyFile: api.access_key_file,
    allowAnonymous: api.allow_anonymous,
    publicUrl,
    basePath: api.base_path,
    tls: api.tls.cert_file !== undefined,
    auth: api.auth,
  };
}

/** Returns how people can log in. */
export function methodsOf({ accessKey, accessKeyFile, auth }: AccessSettings): readonly LoginMethod[] {
  return loginMethods({ auth, hasKey: (accessKey ?? accessKeyFile) !== undefined });
}

/**
 * Checks that an API which other machines can reach has a way to log in, or is meant to be open, and that no way lacks a setting.
 * @throws Error that names the settings
 */
export function assertProtected(access: AccessSettings): void {
  const { host, accessKey, accessKeyFile, allowAnonymous, publicUrl, basePath, auth } = access;
  const problems = accessProblems({
    host,
    hasKey: (accessKey ?? accessKeyFile) !== undefined,
    allow_anonymous: allowAnonymous,
    public_url: publicUrl,
    base_path: basePath,
    auth,
  });
  if (problems.length > 0) throw new Error(problems.map(({ setting, message }) => `${setting}: ${message}`).join('; '));
}

/** Returns whether browsers reach the API by HTTPS: directly, or through a proxy. */
export function isSecure({ tls, publicUrl }: Pick<AccessSettings, 'tls' | 'publicUrl'>): boolean {
  return tls || publicUrl?.startsWith('https:') === true;
}
