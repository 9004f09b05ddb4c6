import { findByPlural, type ResourceType } from '../objects/resource-types.ts';
import { methodNotAllowed, unknownPath } from './status-error.ts';

/** The attributes of a resource request, as RBAC evaluates them. */
export interface ResourceRequest {
  verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';
  type: ResourceType;
  subresource: string;
  /** Undefined: the cluster scope, or all namespaces. */
  namespace?: string;
  name?: string;
}

const RESOURCE_PATH =
  /^\/(?:api\/(?<core>v1)|apis\/(?<group>[^/]+)\/(?<version>[^/]+))(?:\/namespaces\/(?<namespace>[^/]+)(?=\/[^/]))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>[^/]+))?\/?$/;

/** Parses URL and method. Throws 404 for a path without a resource, and 405 for an unsupported method. */
export function parseResourceRequest(method: string, url: URL): ResourceRequest {
  const parts = matchPath(url.pathname);
  const type = findByPlural(parts.group ?? '', parts.version ?? parts.core ?? '', parts.plural ?? '');
  if (!type || (parts.namespace !== undefined && !type.namespaced)) throw unknownPath();
  const name = parts.name === undefined ? undefined : decodeURIComponent(parts.name);
  return {
    verb: verbOf(method, name !== undefined, url.searchParams),
    type,
    subresource: parts.subresource ?? '',
    ...(parts.namespace === undefined ? {} : { namespace: decodeURIComponent(parts.namespace) }),
    ...(name === undefined ? {} : { name }),
  };
}

/**
 * `/api/v1/namespaces/shop/status` is ambiguous: a subresource of the namespace, or a resource in it. As in a real API
 * server, a known resource name wins.
 */
function matchPath(path: string): Partial<Record<string, string>> {
  const parts = RESOURCE_PATH.exec(path)?.groups;
  if (!parts) throw unknownPath();
  const ofNamespace = parts['namespace'] !== undefined && parts['name'] === undefined && parts['plural'] === 'status';
  if (!ofNamespace) return parts;
  return { core: parts['core'] ?? '', plural: 'namespaces', name: parts['namespace'] ?? '', subresource: 'status' };
}

function verbOf(method: string, single: boolean, query: URLSearchParams): ResourceRequest['verb'] {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (isTrue(query.get('watch'))) return 'watch';
      return single ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return single ? 'delete' : 'deletecollection';
    default:
      throw methodNotAllowed();
  }
}

/** Kubernetes writes flags of a query as `true` or `1`. */
export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}
