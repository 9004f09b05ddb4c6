import { isAllowed, type AccessRule } from '../kubernetes/access/access-rules.ts';
import type { KubernetesObject } from '../kubernetes/objects/kubernetes-object.ts';
import type { ObjectStore } from '../kubernetes/objects/object-store.ts';
import { groupVersionOf, qualifiedName, type ResourceType } from '../kubernetes/objects/resource-types.ts';
import { requestSelector } from '../kubernetes/request/selectors.ts';
import { ACCOUNT_PREFIX } from '../kubernetes/access/users.ts';

/**
 * The credentials with which an MCP server reads its cluster, and what the API server answers to them. Its tools fail as
 * those of the real server do: with the text of the API server's refusal, or of the connection that it refuses.
 */
export class ServerAccount {
  readonly #store: ObjectStore;
  /** URL of the API server; undefined: it is unreachable. */
  readonly #address: () => { url: string; isReachable: boolean };
  rules: readonly AccessRule[];
  /** Whether the API server accepts the token. */
  isValid = true;

  constructor(store: ObjectStore, rules: readonly AccessRule[], address: () => { url: string; isReachable: boolean }) {
    this.#store = store;
    this.rules = rules;
    this.#address = address;
  }

  /** Lists the objects that the selectors match. Throws what a client of the API server gets instead. */
  list(
    type: ResourceType,
    namespace: string | undefined,
    selection: Record<string, string | undefined> = {},
  ): KubernetesObject[] {
    const scope = namespace ?? this.#ownScope('list', type);
    this.#authorize('list', type, scope);
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(selection)) if (value) query.set(key, value);
    const selects = requestSelector(query, type);
    return this.#store.list(type, scope).filter((object) => selects(object));
  }

  /** Reads one object. Throws what a client of the API server gets instead. */
  get(type: ResourceType, namespace: string, name: string, subresource = ''): KubernetesObject {
    const scope = type.namespaced ? namespace || 'default' : undefined;
    this.#authorize('get', type, scope, name, subresource);
    const object = this.#store.get(type, scope, name);
    if (!object) throw new Error(`${qualifiedName(type)} "${name}" not found`);
    return object;
  }

  /** The real server asks first whether it may list everywhere; if not, it lists the namespace of its kubeconfig. */
  #ownScope(verb: string, { group, plural, namespaced }: ResourceType): string | undefined {
    const isAllowedEverywhere =
      this.#address().isReachable &&
      this.isValid &&
      isAllowed(this.rules, { verb, group, resource: plural, subresource: '' });
    return namespaced && !isAllowedEverywhere ? 'default' : undefined;
  }

  #authorize(verb: string, type: ResourceType, namespace?: string, name?: string, subresource = ''): void {
    const { url, isReachable } = this.#address();
    if (!isReachable) {
      const { host } = new URL(url);
      const path = `${url}/${type.group ? 'apis' : 'api'}/${groupVersionOf(type)}${namespace ? `/namespaces/${namespace}` : ''}/${type.plural}${name ? `/${name}` : ''}`;
      throw new Error(`Get "${path}": dial tcp ${host}: connect: connection refused`);
    }
    if (!this.isValid) throw new Error('Unauthorized');
    if (isAllowed(this.rules, { verb, group: type.group, resource: type.plural, subresource, namespace })) return;
    const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
    const resource = subresource ? `${type.plural}/${subresource}` : type.plural;
    throw new Error(
      `${qualifiedName(type)}${name === undefined ? '' : ` "${name}"`} is forbidden: User "${ACCOUNT_PREFIX}mcp-server" cannot ${verb} resource "${resource}" in API group "${type.group}" ${scope}`,
    );
  }
}
