import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import { KubernetesError } from '@nightcrier/cluster/kubernetes/kubernetes-error';

/** The wait where the server names none, and the bounds of one that it names, ms. */
const DEFAULT_MS = 15_000;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 10 * 60_000;

/**
 * Returns the outcome for an API server that throttles for longer than its requests may take: the incident waits until the server
 * is ready again by its own word, and no attempt counts. Undefined for every other failure.
 */
export function throttledOutcome(error: unknown): Extract<TriageOutcome, { kind: 'requeue' }> | undefined {
  if (!(error instanceof KubernetesError) || !isThrottling(error)) return undefined;
  const delay = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, error.retryAfter ?? DEFAULT_MS));
  return { kind: 'requeue', reason: `the API server throttles: ${error.message}`, delay };
}

/** 503 with a time is what an API server with too many requests answers while it starts. */
function isThrottling({ status, retryAfter }: KubernetesError): boolean {
  return status === 429 || (status === 503 && retryAfter !== undefined);
}
