import type { AgentFailures } from '@nightcrier/core/incidents/triage-outcome';
import { COLLECTION_TIMEOUT_MS } from '../evidence/evidence.ts';
import type { Claim } from '../claim.ts';
import type { TriageContext } from '../triage-context.ts';
import { BreakerRecord } from './breaker-record.ts';
import { findOrphanedRun, type OrphanedRun } from './run/find-orphaned-run.ts';

/** What is known before the first agent of a triage run starts. */
export interface StartingPoint {
  /** The run that is adopted. */
  orphan?: OrphanedRun;
  /** Why the configured agent is not started, if it is not. */
  failures: AgentFailures;
  /** Receives the configured agent's result, if it counts. */
  breaker?: BreakerRecord;
}

/**
 * Looks for an orphaned run to adopt. Without one, asks the breaker that all workers share whether the configured agent may
 * start. The built-in analyser needs no breaker. A probe that starts no agent is given back.
 */
export async function findStartingPoint(claim: Claim, context: TriageContext): Promise<StartingPoint> {
  const { config, breaker, grace, afterwards } = context;
  const { agent_cli: agent } = config;
  const { incident_id: id } = claim.incident;
  const record = new BreakerRecord({ incidentId: id, cluster: claim.cluster.name }, context);
  const orphan = await findOrphanedRun(claim, context);
  if (orphan) {
    const isOwn = orphan.agent === agent;
    const failures: AgentFailures = isOwn ? [] : [{ kind: 'not_run', agent, adopted: orphan.agent }];
    return { orphan, failures, ...(agent !== 'builtin' && { breaker: record }) };
  }
  if (claim.exhausted) return { failures: [claim.exhausted] };
  if (agent === 'builtin') return { failures: [] };
  const longest = COLLECTION_TIMEOUT_MS / 1000 + config.agent_timeout + grace.overrun + grace.kill;
  const answer = await breaker.enter(id, longest, config.breaker_probe_interval);
  switch (answer.kind) {
    case 'degraded': {
      const { failures, reason } = answer;
      return { failures: [{ kind: 'degraded', agent, failures, reason }] };
    }
    case 'probe':
      afterwards.defer(async () => record.record({ kind: 'inconclusive' }));
      return { failures: [], breaker: record };
    case 'agent':
      return { failures: [], breaker: record };
    default:
      return answer satisfies never;
  }
}
