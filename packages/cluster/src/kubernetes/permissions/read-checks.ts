import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import type { AccessQuestion } from '@nightcrier/core/permissions/write-questions';
import { askAccessWidely, type AccessAnswer, type AccessScope } from './access-review.ts';

/** Something that triage wants to `get`. `warning` is what design.md says when it may not. */
interface ReadCheck extends Omit<AccessQuestion, 'verb'> {
  field: keyof ClusterPermissions & `can_get_${string}`;
  warning?: string;
  /** Objects of no namespace: access to them is cluster-wide or not at all. */
  clusterScoped?: boolean;
}

/** The order is that of the warnings. */
const READ_CHECKS: readonly ReadCheck[] = [
  { field: 'can_get_pods', resource: 'pods', warning: 'cannot get pods' },
  { field: 'can_get_logs', resource: 'pods', subresource: 'log', warning: 'cannot get pod logs' },
  { field: 'can_get_events', resource: 'events', warning: 'cannot get events' },
  { field: 'can_get_deployments', resource: 'deployments', group: 'apps' },
  { field: 'can_get_services', resource: 'services' },
  { field: 'can_get_nodes', resource: 'nodes', clusterScoped: true, warning: 'cannot get nodes' },
];

/** Asked only when the configuration allows access to secrets. */
const SECRETS_CHECKS: readonly ReadCheck[] = [
  {
    field: 'can_get_secrets',
    resource: 'secrets',
    warning: 'secrets access enabled but RBAC denies it (Helm data unavailable)',
  },
  { field: 'can_get_configmaps', resource: 'configmaps' },
];

const SECRETS_DISABLED = 'secrets access disabled by config (set triage.allow_secrets_access=true for Helm debugging)';
/** What may be read. */
export interface ReadAccess {
  allowed: ReadonlySet<ReadCheck['field']>;
  /** Some of it is allowed in the scope's namespace alone. */
  limited: boolean;
  warnings: string[];
}

/**
 * Asks all at once what may be read. A check that cannot be answered counts as not allowed, and a warning names it.
 * @throws what `askAccess` throws
 */
export async function checkReading(scope: AccessScope, allowSecretsAccess: boolean): Promise<ReadAccess> {
  const checks = allowSecretsAccess ? [...READ_CHECKS, ...SECRETS_CHECKS] : READ_CHECKS;
  const answers = await Promise.all(
    checks.map(({ clusterScoped, resource, subresource, group }) =>
      askAccessWidely(clusterScoped ? { ...scope, namespace: '' } : scope, {
        verb: 'get',
        resource,
        subresource,
        group,
      }),
    ),
  );
  const answered = checks.map((check, index) => ({ check, answer: answers[index] ?? { allowed: false } }));
  const limited = answered.filter(({ answer }) => answer.inNamespaceOnly).map(({ check }) => nameOf(check));
  return {
    allowed: new Set(answered.filter(({ answer }) => answer.allowed).map(({ check }) => check.field)),
    limited: limited.length > 0,
    warnings: [
      ...answered.flatMap(({ check, answer }) => warningOf(check, answer) ?? []),
      ...(limited.length > 0
        ? [`no cluster-wide access to ${limited.join(', ')}: only in the namespace ${scope.namespace}`]
        : []),
      ...(allowSecretsAccess ? [] : [SECRETS_DISABLED]),
    ],
  };
}

function warningOf(check: ReadCheck, { allowed, failure }: AccessAnswer): string | undefined {
  if (allowed) return undefined;
  if (failure === undefined) return check.warning;
  return `could not find out whether ${nameOf(check)} can be read: ${failure}`;
}

function nameOf({ resource, subresource }: ReadCheck): string {
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}
