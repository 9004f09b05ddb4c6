import { randomUUID } from 'node:crypto';
import { BASIC_USER, attributesOf, isAllowed, rulesOf, type AccessRule, type RoleName } from './access-rules.ts';
import type { ResourceRequest } from '../request/request-info.ts';
import { qualifiedName } from '../objects/resource-types.ts';
import { StatusError, unauthorized } from '../request/status-error.ts';

/** The user of a request, and the user's rules. */
export interface User {
  name: string;
  rules: readonly AccessRule[];
  groups: string[];
}

/** User names of the service accounts of a cluster begin with this. */
export const ACCOUNT_PREFIX = 'system:serviceaccount:nightcrier:';

const ANONYMOUS: User = { name: 'system:anonymous', rules: [], groups: ['system:unauthenticated'] };

/** The users of a cluster, by bearer token. Roles and tokens can change at any time, as in a real cluster. */
export class Users {
  readonly #byToken = new Map<string, User>();
  readonly #isSecure: boolean;
  readonly #accounts: Readonly<Record<string, RoleName>>;

  /**
   * @param roles role or rules of each bearer token
   * @param secure whether the API is served over TLS. Go clients send no credentials over plain HTTP, so a request without a
   *   token counts as the first user there.
   * @param accounts roles of service accounts, by `namespace/name`, for which tokens are issued
   */
  constructor(
    roles: Record<string, RoleName | readonly AccessRule[]>,
    secure: boolean,
    accounts: Readonly<Record<string, RoleName>> = {},
  ) {
    this.#accounts = accounts;
    for (const [token, role] of Object.entries(roles)) this.grant(token, role);
    this.#isSecure = secure;
  }

  /** Gives a token another role, or makes it valid. */
  grant(token: string, role: RoleName | readonly AccessRule[]): void {
    this.#byToken.set(token, {
      name: `${ACCOUNT_PREFIX}${typeof role === 'string' ? role : 'custom'}`,
      rules: [...rulesOf(role), ...BASIC_USER],
      groups: ['system:serviceaccounts', 'system:serviceaccounts:nightcrier', 'system:authenticated'],
    });
  }

  /** Issues a token of a service account, as a TokenRequest does. @returns undefined for an unknown account */
  issue(account: string): string | undefined {
    const role = this.#accounts[account];
    if (role === undefined) return undefined;
    const token = `issued-${randomUUID()}`;
    this.grant(token, role);
    return token;
  }

  /** Makes a token invalid: requests with it get 401. */
  revoke(token: string): void {
    this.#byToken.delete(token);
  }

  /** Returns the user of an Authorization header. Throws 401 for unknown credentials. */
  authenticate(authorization: string | undefined): User {
    if (authorization === undefined) {
      const [first] = this.#byToken.values();
      if (this.#isSecure) return ANONYMOUS;
      if (!first) throw unauthorized();
      return first;
    }
    const token = /^Bearer (.+)$/i.exec(authorization)?.[1];
    const user = token === undefined ? undefined : this.#byToken.get(token);
    if (!user) throw unauthorized();
    return user;
  }
}

/** Throws 403, with the text of a real API server, if the rules of the user do not allow the request. */
export function authorize(user: User, request: ResourceRequest): void {
  if (isAllowed(user.rules, attributesOf(request))) return;
  const { type, verb, subresource, namespace, name } = request;
  const resource = subresource ? `${type.plural}/${subresource}` : type.plural;
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  throw new StatusError(
    403,
    'Forbidden',
    `${qualifiedName(type)}${name === undefined ? '' : ` "${name}"`} is forbidden: User "${user.name}" cannot ${verb} resource "${resource}" in API group "${type.group}" ${scope}`,
    { ...(name === undefined ? {} : { name }), ...(type.group ? { group: type.group } : {}), kind: type.plural },
  );
}
