import { KubernetesError, isClusterAway } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import type { Claim } from '../claim.ts';
import { collectEvidence } from '../evidence/collect/collect-evidence.ts';
import { COLLECTION_TIMEOUT_MS, type Evidence } from '../evidence/evidence.ts';
import { redactEvidence } from '../evidence/redact-evidence.ts';
import type { TriageContext } from '../triage-context.ts';
import { TriageEnded } from '../triage-ended.ts';

/**
 * Collects what the cluster may rotate away before an agent reads it, redacted. For an agent in a container, which can query
 * the cluster itself, a failed collection is only logged; the built-in analyser has no other input.
 * @throws TriageEnded `retry` when the cluster does not answer, `failed` when the kubeconfig is invalid
 */
export async function gatherEvidence(claim: Claim, context: TriageContext): Promise<Evidence> {
  return redactEvidence(await collect(claim, context));
}

async function collect({ incident, kubeconfig, cluster }: Claim, context: TriageContext): Promise<Evidence> {
  const { config, clients, logger, signal } = context;
  // An agent can query the cluster itself, so a slow cluster must not use up its time.
  const deadline = AbortSignal.timeout(COLLECTION_TIMEOUT_MS);
  try {
    const kubernetes = await clients.open(kubeconfig);
    const fault = incident.cluster_event.event;
    return await collectEvidence({ kubernetes, fault, signal: AbortSignal.any([signal, deadline]) });
  } catch (cause) {
    signal.throwIfAborted();
    context.permissions.forget(cluster.name);
    clients.forget(kubeconfig);
    if (cause instanceof KubernetesError && (cause.code === 'kubeconfig' || isClusterAway(cause))) {
      const kind = cause.code === 'kubeconfig' ? 'failed' : 'retry';
      const reason = `cluster ${cluster.name}: evidence could not be collected: ${cause.message}`;
      throw new TriageEnded({ kind, reason }, { cause });
    }
    if (config.agent_cli === 'builtin') throw cause;
    logger.warn({ error: cause }, 'evidence collection failed; agent starts without evidence');
    return { collectedAt: new Date().toISOString(), pieces: [] };
  }
}
