import type { WritePermission } from './write-finding.ts';

/** One rule of RBAC, as a SelfSubjectRulesReview lists it: with resources, or with URLs. */
export interface PermissionRule {
  verbs?: readonly string[];
  apiGroups?: readonly string[];
  /** `pods`, `pods/exec`; everything, or one subresource of everything, by an asterisk. */
  resources?: readonly string[];
  nonResourceURLs?: readonly string[];
}

/** What a rule allows beyond reading; `secrets`: it allows reading Secrets. */
export interface RuleAction {
  permission: WritePermission | 'secrets';
  /** Such as `create pods/exec` or `patch deployments.apps`. */
  action: string;
}

const READING: ReadonlySet<string> = new Set(['get', 'list', 'watch']);
/** HTTP methods, in lower case, that only read a URL of no resource. */
const READING_URLS: ReadonlySet<string> = new Set(['get', 'head', 'options']);

/** Subresources that open a connection into a pod, or through the API server. A WebSocket begins as a GET, so reading them is enough. */
const CONNECTIONS = [
  'pods/exec',
  'pods/attach',
  'pods/portforward',
  'pods/proxy',
  'services/proxy',
  'nodes/proxy',
] as const;

/** Names of such subresources in other groups: of virtual machines, and of clusters behind a cluster. */
const CONNECTS = /^(?:exec|attach|portforward|proxy|console|vnc|vsock|usbredir|aggregator)$/;
/** Groups that have nothing but subresources. */
const SUBRESOURCES_ONLY = /^subresources\./;

/** Groups of the reviews, which answer a question and store nothing. The empty one: OpenShift lists its reviews there too. */
const REVIEW_GROUPS: ReadonlySet<string> = new Set([
  '',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'authorization.openshift.io',
  'security.openshift.io',
]);

/** What platforms grant to every user, and what has no effect of its own: OpenShift's marks of build strategies, one's own login. */
const HARMLESS: ReadonlySet<string> = new Set([
  'build.openshift.io builds/docker',
  'build.openshift.io builds/jenkinspipeline',
  'build.openshift.io builds/optimizeddocker',
  'build.openshift.io builds/source',
  ' builds/docker',
  ' builds/jenkinspipeline',
  ' builds/optimizeddocker',
  ' builds/source',
  'oauth.openshift.io useroauthaccesstokens',
  'authentication.k8s.io userextras/scopes.authorization.openshift.io',
]);

/**
 * Returns what a rule allows beyond reading. Every verb that is not get, list or watch counts, in every group, as custom resources
 * drive controllers. `resourceNames` make no difference: a change of one object is a change.
 */
export function actionsOf(rule: PermissionRule): RuleAction[] {
  const { verbs = [], apiGroups = [''], resources = [], nonResourceURLs = [] } = rule;
  const ofResources = resources.flatMap((resource) =>
    apiGroups.flatMap((group) => verbs.flatMap((verb) => actionsOn(verb, group, resource))),
  );
  const ofUrls = nonResourceURLs.flatMap((url) =>
    verbs
      .filter((verb) => !READING_URLS.has(verb))
      .map((verb): RuleAction => ({ permission: 'can_write', action: `${verb} ${url}` })),
  );
  return [...ofResources, ...ofUrls];
}

function actionsOn(verb: string, group: string, resource: string): RuleAction[] {
  const isAny = verb === '*';
  const core = group === '' || group === '*';
  const action = inWords({ verb, group, resource });
  const connections = core ? CONNECTIONS.filter((connection) => covers(resource, connection)) : [];
  const found: RuleAction[] = [];
  if (core && covers(resource, 'secrets') && (isAny || READING.has(verb))) {
    found.push({ permission: 'secrets', action: inWords({ verb, group: '', resource: 'secrets' }) });
  }
  if (isAny || verb === 'get' || verb === 'create') {
    for (const connection of connections) {
      found.push({ permission: 'can_exec', action: `${isAny ? 'create' : verb} ${connection}` });
    }
    if (!core && connectsElsewhere(group, resource)) found.push({ permission: 'can_exec', action });
  }
  if (READING.has(verb) || isHarmless(verb, group, resource)) return found;
  if (verb.startsWith('impersonate')) return [...found, { permission: 'can_impersonate', action }];
  if (isAny && isIdentity(group, resource)) {
    found.push({
      permission: 'can_impersonate',
      action: inWords({ verb: 'impersonate', group: '', resource: 'users' }),
    });
  }
  // A rule for connections alone is about nothing else.
  const onlyConnects =
    CONNECTIONS.some((connection) => connection === resource) || /^\*\/(exec|attach|portforward|proxy)$/.test(resource);
  return onlyConnects ? found : [...found, { permission: 'can_write', action }];
}

/** As the RBAC authorizer compares them: everything, one subresource of everything, or the same. */
function covers(pattern: string, resource: string): boolean {
  if (pattern === '*' || pattern === resource) return true;
  const [, subresource] = resource.split('/');
  return subresource !== undefined && pattern === `*/${subresource}`;
}

/** Returns whether a resource of a group that is not the core opens connections. */
function connectsElsewhere(group: string, resource: string): boolean {
  const [, subresource] = resource.split('/');
  return subresource === undefined
    ? resource === '*' && SUBRESOURCES_ONLY.test(group)
    : CONNECTS.test(subresource) && !resource.startsWith('*/');
}

/** Returns whether a rule of any verb includes impersonation. */
function isIdentity(group: string, resource: string): boolean {
  if (resource === '*') return ['', '*', 'authentication.k8s.io'].includes(group);
  return (
    (group === '' && ['users', 'groups', 'serviceaccounts'].includes(resource)) ||
    (group === 'authentication.k8s.io' && /^(uids|userextras(\/.*)?)$/.test(resource))
  );
}

function isHarmless(verb: string, group: string, resource: string): boolean {
  // A policy that may be used changes nothing: creating what uses it is a finding of its own.
  if (verb === 'use') return true;
  if (HARMLESS.has(`${group} ${resource}`)) return true;
  return /^[a-z]+reviews$/.test(resource) && REVIEW_GROUPS.has(group) && ['create', '*'].includes(verb);
}

/** Returns `patch deployments.apps`, `create pods/exec`. */
export function inWords({
  verb,
  group = '',
  resource,
}: {
  verb: string;
  group?: string | undefined;
  /** With its subresource. */
  resource: string;
}): string {
  const [name = '', ...rest] = resource.split('/');
  const qualified = group === '' ? name : `${name}.${group}`;
  return `${verb} ${[qualified, ...rest].join('/')}`;
}
