import type { V1SubjectRulesReviewStatus } from '@kubernetes/client-node';
import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import type { WriteFinding, WritePermission } from '@nightcrier/core/permissions/write-finding';
import { askAccess, type AccessAnswer, type AccessQuestion, type AccessScope } from './access-review.ts';
import type { Wire } from './wire.ts';

/** Something that a read-only kubeconfig must not be able to do. */
interface WriteCheck {
  permission: WritePermission;
  questions: readonly AccessQuestion[];
}

const CHANGING = ['create', 'update', 'patch', 'delete'];

const WRITE_CHECKS: readonly WriteCheck[] = [
  {
    permission: 'can_write',
    questions: [
      { verb: '*', resource: '*', group: '*' },
      ...CHANGING.flatMap((verb) => [
        { verb, resource: 'pods' },
        { verb, resource: 'deployments', group: 'apps' },
      ]),
    ],
  },
  {
    permission: 'can_exec',
    // A WebSocket starts as a GET, so API servers before 1.35 let whoever may `get` this subresource run commands.
    questions: ['create', 'get'].map((verb) => ({ verb, resource: 'pods', subresource: 'exec' })),
  },
  {
    permission: 'can_impersonate',
    questions: ['users', 'groups', 'serviceaccounts'].map((resource) => ({ verb: 'impersonate', resource })),
  },
];

/** Groups whose objects run or configure workloads. Others hold reviews, which change nothing, and what platforms give to everybody. */
const WORKLOAD_GROUPS: ReadonlySet<string> = new Set([
  '*',
  '',
  'apps',
  'autoscaling',
  'batch',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
]);

/** Subresources of pods that are asked about by themselves, or that only open a connection. */
const CONNECTIONS: ReadonlySet<string> = new Set(['pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy']);

export type WriteAccess = Pick<ClusterPermissions, WritePermission> & { findings: WriteFinding[] };

/**
 * Asks all at once whether the kubeconfig can do more than read: what an access review would allow, and what the rules
 * list for the scope's namespace besides. A field is missing when it could not be found out.
 * @param rules of the user, as the API server lists them; undefined when it does not
 * @throws what `askAccess` throws
 */
export async function checkWriting(
  scope: AccessScope,
  rules: Promise<Wire<V1SubjectRulesReviewStatus> | undefined>,
): Promise<WriteAccess> {
  const [listed, ...checks] = await Promise.all([
    rules,
    ...WRITE_CHECKS.map(async (check) => ({
      check,
      answers: await Promise.all(check.questions.map((question) => askAccess(scope, question))),
    })),
  ]);
  const access: WriteAccess = { findings: [] };
  for (const { check, answers } of checks) {
    const { permission, questions } = check;
    const actions = questions.filter((_, index) => answers[index]?.allowed).map(inWords);
    if (permission === 'can_write' && actions.length === 0) actions.push(...listedWrites(listed));
    const failure = failureOf(answers);
    if (actions.length > 0) {
      access[permission] = true;
      access.findings.push({ permission, result: 'allowed', actions });
    } else if (failure === undefined) access[permission] = false;
    else access.findings.push({ permission, result: 'unknown', failure });
  }
  return access;
}

/** What of the listed rules changes something. */
function listedWrites(rules: Wire<V1SubjectRulesReviewStatus> | undefined): string[] {
  return (rules?.resourceRules ?? []).flatMap(({ verbs = [], apiGroups = [], resources = [] }) => {
    const verb = verbs.find((candidate) => ['*', 'deletecollection', ...CHANGING].includes(candidate));
    const group = apiGroups.find((candidate) => WORKLOAD_GROUPS.has(candidate));
    const resource = resources.find((candidate) => !CONNECTIONS.has(candidate));
    if (verb === undefined || group === undefined || resource === undefined) return [];
    return [inWords({ verb, group, resource })];
  });
}

function failureOf(answers: readonly AccessAnswer[]): string | undefined {
  return answers.find(({ failure }) => failure !== undefined)?.failure;
}

function inWords({ verb, resource, subresource, group }: AccessQuestion): string {
  const qualified = group ? `${resource}.${group}` : resource;
  return `${verb} ${subresource === undefined ? qualified : `${qualified}/${subresource}`}`;
}
