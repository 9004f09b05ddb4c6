import type { V1SelfSubjectRulesReview, V1SubjectRulesReviewStatus } from '@kubernetes/client-node';
import { actionsOf, type PermissionRule } from '@nightcrier/core/permissions/rule-actions';
import { isFatal, type AccessScope } from './access-review.ts';
import { KubernetesError, reasonOf } from '../kubernetes-error.ts';
import type { Wire, WireList } from '../wire.ts';

/** Most namespaces whose rules are listed in one check; each is one request. */
const MAX_NAMESPACES = 500;

/** The rules that a user has in one namespace, roles of the whole cluster included. */
export interface NamespaceRules {
  namespace: string;
  /** Missing when the server did not list them. */
  status?: Wire<V1SubjectRulesReviewStatus>;
  /** Why they are missing, or may be incomplete. */
  failure?: string;
}

/** The rules in several namespaces. */
export interface RuleSurvey {
  /** Those of the scope's namespace, else of the context's. */
  own: NamespaceRules;
  others: NamespaceRules[];
  /** Why the rules of some namespaces are not known; missing where all are. */
  failure?: string;
  /** What an operator should know of the extent of the survey. */
  warnings: string[];
}

/**
 * Lists the rules of the user (`kubectl auth can-i --list`) in the scope's namespace and in every other one that is known: those
 * that the cluster lists, that contexts of the kubeconfig name, and that rules name. Rules that allow everything end the search.
 * @param extent `named`: only the namespaces that contexts and rules name, because the others were asked about recently
 * @throws what `selfReview` throws if it is fatal
 */
export async function surveyRules(scope: AccessScope, extent: 'all' | 'named'): Promise<RuleSurvey> {
  const { kubernetes } = scope;
  const listing: Promise<Listed> = extent === 'all' ? listNamespaces(scope) : Promise.resolve({ names: [], more: 0 });
  const [own, listed] = await Promise.all([listRules(scope, scope.namespace || kubernetes.namespace), listing]);
  const rules = own.status?.resourceRules ?? [];
  if (allowsEverything(rules)) return { own, others: [], warnings: [] };
  const names = new Set([...kubernetes.contextNamespaces, ...rules.flatMap(namedNamespaces), ...listed.names]);
  names.delete(own.namespace);
  const asked = [...names].slice(0, MAX_NAMESPACES);
  const others = await Promise.all(asked.map((namespace) => listRules(scope, namespace)));
  const unasked = names.size - asked.length + listed.more;
  const unlisted = others.find(({ status }) => status === undefined);
  const failure =
    listed.failure ??
    (unlisted && `namespace ${unlisted.namespace}: ${unlisted.failure}`) ??
    (unasked > 0 ? `${unasked} namespaces more than ${MAX_NAMESPACES} were not checked` : undefined);
  return {
    own,
    others,
    ...(failure !== undefined && { failure }),
    warnings: listed.forbidden
      ? [`cannot list namespaces: only in ${[own.namespace, ...asked].join(', ')} was it checked whether it can write`]
      : [],
  };
}

async function listRules({ kubernetes, signal }: AccessScope, namespace: string): Promise<NamespaceRules> {
  try {
    const { status = {} } = await kubernetes.selfReview<Wire<V1SelfSubjectRulesReview>>(
      'selfsubjectrulesreviews',
      { namespace },
      { signal },
    );
    if (!status.incomplete) return { namespace, status };
    const reason = status.evaluationError || 'the server gives no reason';
    return { namespace, status, failure: `the list may be incomplete: ${reason}` };
  } catch (error) {
    if (!(error instanceof KubernetesError) || isFatal(error)) throw error;
    return { namespace, failure: `could not list the permissions: ${reasonOf(error)}` };
  }
}

interface Listed {
  names: string[];
  /** Namespaces beyond these. */
  more: number;
  forbidden?: boolean;
  failure?: string;
}

async function listNamespaces({ kubernetes, signal }: AccessScope): Promise<Listed> {
  try {
    const { items = [], metadata } = await kubernetes.get<WireList<{ metadata: { name: string } }>>(
      ['api', 'v1', 'namespaces'],
      {
        query: { limit: MAX_NAMESPACES },
        accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
        signal,
      },
    );
    const names = items.flatMap(({ metadata: item }) => item?.name ?? []);
    return { names, more: metadata?.continue ? (metadata.remainingItemCount ?? 1) : 0 };
  } catch (error) {
    if (!(error instanceof KubernetesError) || isFatal(error)) throw error;
    const none = { names: [], more: 0 };
    if (error.code === 'forbidden') return { ...none, forbidden: true };
    return error.code === 'not_found' ? none : { ...none, failure: `could not list namespaces: ${reasonOf(error)}` };
  }
}

/** Namespaces that a rule names: `get namespaces shop`. */
function namedNamespaces({
  resources = [],
  resourceNames = [],
}: PermissionRule & { resourceNames?: string[] }): string[] {
  return resources.some((resource) => resource.split('/')[0] === 'namespaces') ? resourceNames : [];
}

/** Whether there is nothing left to find. */
function allowsEverything(rules: readonly PermissionRule[]): boolean {
  const found = new Set(rules.flatMap(actionsOf).map(({ permission }) => permission));
  return found.size === 4;
}
