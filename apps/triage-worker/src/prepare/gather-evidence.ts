import { KubernetesError, isClusterAway } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { Incident } from '@nightcrier/core/incidents/incident';
import pTimeout from 'p-timeout';
import type { Claim } from '../claim.ts';
import { collectEvidence } from '../evidence/collect/collect-evidence.ts';
import { collectMonitoring, monitoringOf } from '../evidence/collect/collect-monitoring.ts';
import { COLLECTION_TIMEOUT_MS, type Evidence, type EvidencePiece } from '../evidence/evidence.ts';
import { redactEvidence } from '../evidence/redact-evidence.ts';
import type { TriageContext } from '../triage-context.ts';
import { TriageEnded } from '../triage-ended.ts';
import { throttledOutcome } from './throttled-cluster.ts';

/** A worker's connection waits for Redis as long as it takes; evidence does not, ms. */
const ALERTS_TIMEOUT_MS = 5_000;

/**
 * Collects what the cluster may rotate away before an agent reads it, redacted. For an agent in a container, which can query
 * the cluster itself, a failed collection is only logged; the built-in analyser has no other input.
 * @throws TriageEnded `retry` when the cluster does not answer, `failed` when the kubeconfig is invalid
 */
export async function gatherEvidence(claim: Claim, context: TriageContext): Promise<Evidence> {
  return redactEvidence(await collect(claim, context));
}

/** Alerts and metrics, as far as they can be read: evidence without them is better than none. */
async function monitored(
  evidence: Evidence,
  { cluster_event: clusterEvent }: Incident,
  cluster: ClusterConfig,
  context: TriageContext,
): Promise<EvidencePiece[]> {
  const { config, logger, signal } = context;
  try {
    const received = await receivedAlerts(cluster.name, context);
    const monitoring = monitoringOf(config, cluster);
    return await collectMonitoring({ monitoring, cluster: cluster.name, clusterEvent, received, evidence, signal });
  } catch (error) {
    signal.throwIfAborted();
    logger.warn({ error }, 'alerts and metrics not read; evidence is without them');
    return [];
  }
}

/** Those of the cluster; none while Redis does not answer: the incident's own alert is in its row. */
async function receivedAlerts(
  cluster: string,
  { alerts, logger, signal }: TriageContext,
): Promise<Awaited<ReturnType<TriageContext['alerts']['list']>>> {
  try {
    return await pTimeout(alerts.list(cluster), { milliseconds: ALERTS_TIMEOUT_MS, signal });
  } catch (error) {
    signal.throwIfAborted();
    logger.warn({ error }, 'received alerts not read; evidence is without them');
    return [];
  }
}

async function collect({ incident, kubeconfig, cluster }: Claim, context: TriageContext): Promise<Evidence> {
  const { config, clients, logger, signal } = context;
  // An agent can query the cluster itself, so a slow cluster must not use up its time.
  const deadline = AbortSignal.timeout(COLLECTION_TIMEOUT_MS);
  try {
    const kubernetes = await clients.open(kubeconfig);
    const fault = incident.cluster_event.event;
    const bounded = AbortSignal.any([signal, deadline]);
    const evidence = await collectEvidence({ kubernetes, fault, signal: bounded });
    return { ...evidence, pieces: [...evidence.pieces, ...(await monitored(evidence, incident, cluster, context))] };
  } catch (cause) {
    signal.throwIfAborted();
    context.permissions.forget(cluster.name);
    clients.forget(kubeconfig);
    const throttled = throttledOutcome(cause);
    if (throttled) throw new TriageEnded(throttled, { cause });
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
