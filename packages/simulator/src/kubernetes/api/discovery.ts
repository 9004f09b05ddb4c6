import { RESOURCE_TYPES, groupVersionOf, type ResourceType } from '../objects/resource-types.ts';

const STORED_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

const VERSION = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.2',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: 'go1.24.6',
  compiler: 'gc',
  platform: 'linux/amd64',
};

/** Returns the document of a discovery path or a probe, which every user may read; undefined for other paths. */
export function discoveryDocument(path: string): object | string | undefined {
  switch (path) {
    case '/version':
    case '/version/':
      return VERSION;
    case '/healthz':
    case '/livez':
    case '/readyz':
      return 'ok';
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS.map(apiGroup) };
    default:
      return resourceList(path) ?? GROUPS.map(apiGroup).find((group) => path === `/apis/${group.name}`);
  }
}

const GROUPS = [...new Map(RESOURCE_TYPES.filter((type) => type.group).map((type) => [type.group, type])).values()];

function apiGroup(type: ResourceType) {
  const version = { groupVersion: groupVersionOf(type), version: type.version };
  return { kind: 'APIGroup', apiVersion: 'v1', name: type.group, versions: [version], preferredVersion: version };
}

function resourceList(path: string): object | undefined {
  const groupVersion = /^\/api\/(v1)$|^\/apis\/([^/]+\/[^/]+)$/.exec(path)?.slice(1).find(Boolean);
  const types = RESOURCE_TYPES.filter((type) => groupVersionOf(type) === groupVersion);
  if (types.length === 0) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: types.flatMap(apiResources) };
}

function apiResources(type: ResourceType): object[] {
  const { namespaced, kind, shortNames, categories } = type;
  const main = {
    name: type.plural,
    singularName: kind.toLowerCase(),
    namespaced,
    kind,
    verbs: type.virtual ? ['create'] : STORED_VERBS,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
  };
  const subresources = type.subresources.map((subresource) => ({
    name: `${type.plural}/${subresource}`,
    singularName: '',
    namespaced,
    kind,
    verbs: ['get'],
  }));
  return [main, ...subresources];
}
