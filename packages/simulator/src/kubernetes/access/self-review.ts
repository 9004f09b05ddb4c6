import { z } from 'zod';
import { isAllowed } from './access-rules.ts';
import { badRequest } from '../request/status-error.ts';
import type { User } from './users.ts';

const text = z.string().default('');

const AccessReviewSpec = z.object({
  resourceAttributes: z
    .object({ verb: text, group: text, resource: text, subresource: text, namespace: text, name: text })
    .optional(),
  nonResourceAttributes: z.object({ path: text, verb: text }).optional(),
});

const RulesReviewSpec = z.object({ namespace: text });

/** "system:discovery": paths that every authenticated user may read. */
const DISCOVERY_PATHS = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
];

/** Answers a self-review from the rules that apply to the requests of the user. */
export function answerReview(kind: string, spec: unknown, user: User): object {
  switch (kind) {
    case 'SelfSubjectAccessReview':
      return review('authorization.k8s.io/v1', kind, spec, accessStatus(AccessReviewSpec.parse(spec), user));
    case 'SelfSubjectRulesReview':
      return review('authorization.k8s.io/v1', kind, {}, rulesStatus(RulesReviewSpec.parse(spec).namespace, user));
    case 'SelfSubjectReview':
      return review('authentication.k8s.io/v1', kind, undefined, {
        userInfo: { username: user.name, groups: user.groups },
      });
    default:
      throw badRequest(`no kind "${kind}" is registered for reviews`);
  }
}

function review(apiVersion: string, kind: string, spec: unknown, status: object): object {
  return { kind, apiVersion, metadata: { creationTimestamp: null }, ...(spec === undefined ? {} : { spec }), status };
}

function accessStatus(spec: z.infer<typeof AccessReviewSpec>, user: User): object {
  if (spec.nonResourceAttributes) {
    const { path, verb } = spec.nonResourceAttributes;
    return { allowed: verb === 'get' && DISCOVERY_PATHS.some((known) => covers(known, path)) };
  }
  if (!spec.resourceAttributes) {
    throw badRequest(
      'spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  }
  const { namespace, ...asked } = spec.resourceAttributes;
  return isAllowed(user.rules, { ...asked, namespace: namespace || undefined })
    ? { allowed: true, reason: `RBAC: allowed by the role of User "${user.name}"` }
    : { allowed: false };
}

function covers(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}

function rulesStatus(namespace: string, user: User): object {
  return {
    resourceRules: user.rules
      .filter((rule) => rule.namespaces === undefined || rule.namespaces.includes(namespace))
      .map(({ verbs, apiGroups, resources }) => ({ verbs, apiGroups, resources })),
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: DISCOVERY_PATHS }],
    incomplete: false,
  };
}
