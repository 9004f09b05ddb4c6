import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import { actionsOf, inWords, type RuleAction } from '@nightcrier/core/permissions/rule-actions';
import { WRITE_PERMISSIONS, type WriteFinding, type WritePermission } from '@nightcrier/core/permissions/write-finding';
import {
  type AccessQuestion,
  UNLISTED_CHECKS,
  UNLISTED_CHECKS_ELSEWHERE,
  WRITE_CHECKS,
  type WriteCheck,
} from '@nightcrier/core/permissions/write-questions';
import { askAccess, type AccessAnswer, type AccessScope } from './access-review.ts';
import type { NamespaceRules, RuleSurvey } from './namespace-rules.ts';

type Excess = RuleAction['permission'];

/** Namespaces without a list of rules in which a few actions are asked about. */
const MOST_UNLISTED = 100;
/** Actions that a finding keeps. */
const MAX_ACTIONS = 20;

const SECRETS_READABLE =
  'RBAC allows reading secrets although config forbids it: an agent could read them; take them out of its role';

export type WriteAccess = Pick<ClusterPermissions, WritePermission> & {
  findings: WriteFinding[];
  /** Undefined when it could not be found out, or was not asked. */
  secretsReadable?: boolean;
  warnings: string[];
};

/**
 * Asks all at once whether the kubeconfig can do more than read: what an access review would allow, and what the rules
 * list, in every namespace that is known. A field is missing when it could not be found out.
 * @param surveying the rules of the user in all namespaces
 * @throws what `askAccess` throws
 */
export async function checkWriting(
  scope: AccessScope,
  surveying: Promise<RuleSurvey>,
  allowSecretsAccess: boolean,
): Promise<WriteAccess> {
  const [survey, reviewed] = await Promise.all([surveying, askAll(scope, WRITE_CHECKS, allowSecretsAccess)]);
  if (survey.own.failure !== undefined) {
    reviewed.push(...(await askAll(scope, UNLISTED_CHECKS, allowSecretsAccess)));
  }
  const unlisted = survey.others.filter(({ failure }) => failure !== undefined);
  const elsewhere = unlisted
    .slice(0, MOST_UNLISTED)
    .map(async ({ namespace }) => askAll({ ...scope, namespace }, UNLISTED_CHECKS_ELSEWHERE, allowSecretsAccess));
  reviewed.push(...(await Promise.all(elsewhere)).flat());
  const listed = listedActions([survey.own, ...survey.others]);
  const found = (permission: Excess): { actions: string[]; failure: string | undefined } => {
    const reviews = reviewed.filter((review) => review.permission === permission);
    const allowed = reviews.filter(({ answer }) => answer.allowed).map((review) => describe(review, scope));
    return {
      actions: [...new Set([...allowed, ...(listed.get(permission) ?? [])])],
      failure: reviews.find(({ answer }) => answer.failure !== undefined)?.answer.failure ?? survey.failure,
    };
  };
  const access: WriteAccess = { findings: [], warnings: [...survey.warnings] };
  if (unlisted.length > MOST_UNLISTED) {
    const unasked = unlisted.length - MOST_UNLISTED;
    access.warnings.push(
      `the server lists no rules: in ${unasked} namespaces more it was not asked whether it can write`,
    );
  }
  for (const permission of WRITE_PERMISSIONS) {
    const { actions, failure } = found(permission);
    if (actions.length > 0) {
      access[permission] = true;
      access.findings.push({ permission, result: 'allowed', actions: actions.slice(0, MAX_ACTIONS) });
    } else if (failure === undefined) access[permission] = false;
    else access.findings.push({ permission, result: 'unknown', failure });
  }
  if (!allowSecretsAccess) {
    const { actions, failure } = found('secrets');
    if (actions.length > 0) access.warnings.push(`${SECRETS_READABLE} (${actions.slice(0, 3).join(', ')})`);
    if (actions.length > 0 || failure === undefined) access.secretsReadable = actions.length > 0;
  }
  return access;
}

interface Review {
  permission: Excess;
  question: AccessQuestion;
  /** Where it was asked; empty: everywhere. */
  namespace: string;
  answer: AccessAnswer;
}

async function askAll(
  scope: AccessScope,
  checks: readonly WriteCheck[],
  allowSecretsAccess: boolean,
): Promise<Review[]> {
  const wanted = checks.filter(({ permission }) => permission !== 'secrets' || !allowSecretsAccess);
  const questions = wanted.flatMap((check) => check.questions.map((question) => ({ ...check, question })));
  return Promise.all(
    questions.map(async ({ permission, clusterScoped, question }) => {
      const asked = clusterScoped ? { ...scope, namespace: '' } : scope;
      return { permission, question, namespace: asked.namespace, answer: await askAccess(asked, question) };
    }),
  );
}

function describe({ question, namespace }: Review, scope: AccessScope): string {
  const { verb, group, resource, subresource } = question;
  const action = inWords({
    verb,
    group,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
  });
  return namespace === '' || namespace === scope.namespace ? action : `${action} in namespace ${namespace}`;
}

/** Returns the actions that the rules of the namespaces allow; those that not all of them allow with the namespace. */
function listedActions(namespaces: readonly NamespaceRules[]): Map<Excess, string[]> {
  const where = new Map<string, { found: RuleAction; namespaces: Set<string> }>();
  for (const { namespace, status } of namespaces) {
    for (const found of [...(status?.resourceRules ?? []), ...(status?.nonResourceRules ?? [])].flatMap(actionsOf)) {
      const key = `${found.permission} ${found.action}`;
      const known = where.get(key) ?? { found, namespaces: new Set() };
      where.set(key, known);
      known.namespaces.add(namespace);
    }
  }
  const actions = new Map<Excess, string[]>();
  for (const { found, namespaces: names } of where.values()) {
    const [first = ''] = names;
    const more = names.size > 1 ? ` and ${names.size - 1} more` : '';
    const place = names.size === namespaces.length ? '' : ` in namespace ${first}${more}`;
    actions.set(found.permission, [...(actions.get(found.permission) ?? []), `${found.action}${place}`]);
  }
  return actions;
}
