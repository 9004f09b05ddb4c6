import type { Role } from './role.ts';

/** How a client proved who it is. */
export type PrincipalKind = 'anonymous' | 'access_key' | 'api_key' | 'user' | 'oidc' | 'proxy' | 'slack';

/** Who makes a request: the author of the changes that it makes. */
export interface Principal {
  /** One line: the name of an API key or of a user; `anonymous` and `access key` where there is none. */
  name: string;
  kind: PrincipalKind;
  role: Role;
}

/** Returns whether a client chooses its name: it has none, or shares its key with others. */
export function choosesName(kind: PrincipalKind): boolean {
  return kind === 'anonymous' || kind === 'access_key';
}
