import { BASIC_USER, ROLES, attributesOf, isAllowed, type AccessRule, type RoleName } from './access-rules.ts';
import type { ResourceRequest } from '../request/request-info.ts';
import { qualifiedName } from '../objects/resource-types.ts';
import { StatusError, unauthorized } from '../request/status-error.ts';

/** Who sent a request, and what it may do. */
export interface User {
  name: string;
  rules: readonly AccessRule[];
  groups: string[];
}

const ANONYMOUS: User = { name: 'system:anonymous', rules: [], groups: ['system:unauthenticated'] };

/** The users of a cluster by their bearer token. */
export class Users {
  readonly #byToken = new Map<string, User>();
  readonly #anonymous: User;

  /**
   * @param roles what each bearer token may do: the name of a role, or rules.
   * @param secure whether the API is served over TLS. Go clients send no credentials without it, so over plain HTTP a
   *   request without a token counts as the first user.
   */
  constructor(roles: Record<string, RoleName | readonly AccessRule[]>, secure: boolean) {
    for (const [token, role] of Object.entries(roles)) {
      this.#byToken.set(token, {
        name: `system:serviceaccount:nightcrier:${typeof role === 'string' ? role : 'custom'}`,
        rules: [...(typeof role === 'string' ? ROLES[role] : role), ...BASIC_USER],
        groups: ['system:serviceaccounts', 'system:serviceaccounts:nightcrier', 'system:authenticated'],
      });
    }
    const [first] = this.#byToken.values();
    this.#anonymous = secure || !first ? ANONYMOUS : first;
  }

  /** The user behind an Authorization header. Throws 401 for credentials that are not known. */
  authenticate(authorization: string | undefined): User {
    if (authorization === undefined) return this.#anonymous;
    const token = /^Bearer (.+)$/i.exec(authorization)?.[1];
    const user = token === undefined ? undefined : this.#byToken.get(token);
    if (!user) throw unauthorized();
    return user;
  }
}

/** Throws 403, in the words of a real API server, when the user may not do what it asks. */
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
