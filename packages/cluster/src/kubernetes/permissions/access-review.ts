import type { V1SelfSubjectAccessReview } from '@kubernetes/client-node';
import type { AccessQuestion } from '@nightcrier/core/permissions/write-questions';
import type { Kubernetes } from '../client.ts';
import { isClusterAway, KubernetesError } from '../kubernetes-error.ts';
import type { Wire } from '../wire.ts';

/** `failure` says why there is no answer, or why it may be wrong. */
export interface AccessAnswer {
  allowed: boolean;
  /** The access is not cluster-wide, but it is there in the namespace that was asked about. */
  inNamespaceOnly?: boolean;
  failure?: string;
}

/** Where and how a question is asked. */
export interface AccessScope {
  kubernetes: Kubernetes;
  /** Empty: in all of them. */
  namespace: string;
  signal?: AbortSignal | undefined;
}

/**
 * What `kubectl auth can-i` asks.
 * @throws KubernetesError for which {@link isFatal} holds, or the signal's reason
 */
export async function askAccess(
  { kubernetes, namespace, signal }: AccessScope,
  { verb, group = '', resource, subresource }: AccessQuestion,
): Promise<AccessAnswer> {
  const resourceAttributes = { namespace, verb, group, resource, subresource };
  try {
    const { status } = await kubernetes.selfReview<Wire<V1SelfSubjectAccessReview>>(
      'selfsubjectaccessreviews',
      { resourceAttributes },
      { signal },
    );
    if (typeof status?.allowed !== 'boolean') return { allowed: false, failure: 'the answer has no status.allowed' };
    return { allowed: status.allowed, ...(status.evaluationError && { failure: status.evaluationError }) };
  } catch (error) {
    if (!(error instanceof KubernetesError) || isFatal(error)) throw error;
    return { allowed: false, failure: error.message };
  }
}

/** Asks in all namespaces, and where that is denied, in the scope's own; see {@link askAccess}. */
export async function askAccessWidely(scope: AccessScope, question: AccessQuestion): Promise<AccessAnswer> {
  const everywhere = await askAccess({ ...scope, namespace: '' }, question);
  if (everywhere.allowed || everywhere.failure !== undefined || scope.namespace === '') return everywhere;
  const inNamespace = await askAccess(scope, question);
  return inNamespace.allowed ? { ...inNamespace, inNamespaceOnly: true } : inNamespace;
}

/** Without any answer there is nothing to report: a server that stays silent, or throttles for long, is as good as out of reach. */
export function isFatal(error: KubernetesError): boolean {
  return error.code === 'timeout' || error.status === 429 || isClusterAway(error);
}
