import type { RequestKind, Review } from './kube-request.ts';
import { type Denial, deny } from './denial.ts';

/** What a path leads to. */
export interface Route {
  kind: Exclude<RequestKind, 'watch'>;
  review?: Review;
}

const VERSION = /^v\d+(?:(?:alpha|beta)\d+)?$/;
const GROUP = /^[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$/;
const RESOURCE = /^[a-z](?:[a-z0-9-]{0,250}[a-z0-9])?$/;

/** POSTs that ask about oneself, and change nothing. */
const REVIEWS = new Map<string, Review>([
  [
    'apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' },
  ],
  [
    'apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview' },
  ],
  [
    'apis/authentication.k8s.io/v1/selfsubjectreviews',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  ],
]);

/** Legacy prefixes of the API that watch, or connect to a pod. */
const LEGACY = new Set(['watch', 'proxy', 'redirect']);

/** Subresources of a namespace, which look like resources in it. */
const OF_NAMESPACES = new Set(['status', 'finalize']);

/** Resources whose objects are credentials, whatever the group. ConfigMaps go with them as `allow_secrets_access` has it. */
const CREDENTIALS = new Set([
  'secrets',
  'configmaps',
  'oauthaccesstokens',
  'oauthauthorizetokens',
  'useroauthaccesstokens',
  'oauthclients',
  'tokens',
  'clusterregistrationtokens',
  'kubeconfigs',
  'clustersecrets',
]);

/** Decides what a path leads to, or why it is denied. */
export function route(method: string, segments: readonly string[], allowSecrets: boolean): Route | Denial {
  if (method === 'POST') {
    const review = REVIEWS.get(segments.join('/'));
    return review
      ? { kind: 'review', review }
      : deny('method', 'POST creates or connects; only reviews of oneself are allowed');
  }
  const [root = '', ...rest] = segments;
  switch (root) {
    case 'api':
      return rest.length === 0 ? { kind: 'discovery' } : inVersion('', rest, allowSecrets);
    case 'apis': {
      const [group = '', ...below] = rest;
      if (rest.length === 0) return { kind: 'discovery' };
      if (!GROUP.test(group)) return deny('path', `${group} is not the name of an API group`);
      return below.length === 0 ? { kind: 'discovery' } : inVersion(group, below, allowSecrets);
    }
    case 'openapi':
      return isOpenApi(rest) ? { kind: 'openapi' } : deny('endpoint', 'this is no document of the API');
    case 'version':
      return rest.length === 0 ? { kind: 'version' } : deny('endpoint', 'there is nothing below /version');
    default:
      return deny('endpoint', `/${root} is not a part of the API that agents may read`);
  }
}

function inVersion(group: string, [version = '', ...rest]: readonly string[], allowSecrets: boolean): Route | Denial {
  if (!VERSION.test(version)) return deny('path', `${version} is not an API version`);
  const [first = '', namespace = '', ...below] = rest;
  if (rest.length === 0) return { kind: 'discovery' };
  if (LEGACY.has(first)) return deny('endpoint', `the legacy path /${first} is not allowed`);
  if (first !== 'namespaces' || below.length === 0) return resource(group, rest, allowSecrets);
  if (!RESOURCE.test(namespace) && !/^\d/.test(namespace)) return deny('path', `${namespace} is not a namespace`);
  const [inNamespace = ''] = below;
  if (group === '' && OF_NAMESPACES.has(inNamespace)) {
    return deny('subresource', `the subresource namespaces/${inNamespace} is not allowed`);
  }
  return resource(group, below, allowSecrets);
}

/** `[resource]`, `[resource, name]` or `[resource, name, subresource, …]`. */
function resource(group: string, segments: readonly string[], allowSecrets: boolean): Route | Denial {
  const [name = '', object, subresource, ...below] = segments;
  if (!RESOURCE.test(name)) return deny('path', `${name} is not a resource`);
  if (CREDENTIALS.has(name) && !allowSecrets) {
    return deny('secrets', `${name} are not readable: the cluster has allow_secrets_access: false`);
  }
  if (object === undefined) return { kind: 'list' };
  if (subresource === undefined) return { kind: 'get' };
  if (group === '' && name === 'pods' && subresource === 'log' && below.length === 0) return { kind: 'log' };
  return deny('subresource', `the subresource ${name}/${subresource} is not allowed; of subresources only pods/log is`);
}

/** Documents of all groups, and of one version of a group. */
function isOpenApi([openapi, root, ...below]: readonly string[]): boolean {
  if (openapi === 'v2') return root === undefined;
  if (openapi !== 'v3') return false;
  const [first, second, ...more] = below;
  switch (root) {
    case undefined:
      return true;
    case 'api':
      return (first === undefined || VERSION.test(first)) && second === undefined;
    case 'apis':
      return (
        (first === undefined || GROUP.test(first)) && (second === undefined || VERSION.test(second)) && !more.length
      );
    default:
      return root === 'version' && first === undefined;
  }
}
