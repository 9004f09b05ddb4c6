import type { Role } from './role.ts';

/** How a client proved who it is. */
export type PrincipalKind = 'anonymous' | 'access_key' | 'api_key' | 'slack';

/** Who makes a request: the author of the changes that it makes. */
export interface Principal {
  /** One line: the name of an API key or of a user; `anonymous` and `access key` where there is none. */
  name: string;
  kind: PrincipalKind;
  role: Role;
}
