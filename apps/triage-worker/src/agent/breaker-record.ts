import { type AgentFailure, describeFailure } from '@nightcrier/core/incidents/agent-failure';
import type { AgentFailures, TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { Config } from '@nightcrier/core/settings/config';
import type { AgentResult as BreakerResult } from '@nightcrier/state/breaker/agent-breaker';
import type { TriageContext } from '../triage-context.ts';

/** Records the configured agent's result on one incident in the breaker that all workers share, once. */
export class BreakerRecord {
  readonly #incidentId: string;
  readonly #cluster: string;
  readonly #context: TriageContext;
  #recorded = false;

  constructor({ incidentId, cluster }: { incidentId: string; cluster: string }, context: TriageContext) {
    this.#incidentId = incidentId;
    this.#cluster = cluster;
    this.#context = context;
  }

  /** Records the result of the configured agent. Never rejects: the incident's outcome must not be lost with it. */
  async record(result: BreakerResult): Promise<void> {
    if (this.#recorded) return;
    this.#recorded = true;
    const { config, breaker, logger } = this.#context;
    const { agent_cli: agent } = config;
    try {
      const change = await breaker.record(this.#incidentId, result);
      if (change === 'opened') logger.error({ agent }, 'agents degraded; too many failures in a row');
      if (change === 'closed') logger.info({ agent }, 'agents recovered');
    } catch (error) {
      logger.warn({ error }, 'breaker update failed');
    }
  }

  /** Records what an outcome says of the configured agent, and nothing of the agents after it. */
  async recordOutcome(outcome: TriageOutcome): Promise<void> {
    return this.record(breakerResultOf(outcome, this.#context.config, this.#cluster));
  }
}

/** Maps an outcome to the result of the configured agent; `left` if it says nothing about that agent. */
export function breakerResultOf(
  outcome: TriageOutcome,
  config: Pick<Config, 'agent_cli' | 'failure_threshold_for_alert' | 'breaker_probe_interval' | 'clusters'>,
  cluster: string,
): BreakerResult {
  if (outcome.kind === 'reported' && outcome.agent === config.agent_cli) return { kind: 'succeeded' };
  const failures: AgentFailures = 'failures' in outcome ? outcome.failures : [];
  const failure = failures.find(({ agent }) => agent === config.agent_cli);
  const failed = (of: AgentFailure): Extract<BreakerResult, { kind: 'failed' }> => ({
    kind: 'failed',
    reason: describeFailure(of),
    threshold: config.failure_threshold_for_alert,
    probeIntervalSeconds: config.breaker_probe_interval,
    clusters: config.clusters.filter(({ triage }) => triage.enabled).length,
  });
  switch (failure?.kind) {
    // Text of a workload can make an agent do that.
    case 'no_report':
    case 'timed_out':
    case 'killed':
      return { ...failed(failure), cluster };
    case 'provider_failed':
    case 'unavailable':
    case 'unusable':
      return failed(failure);
    // It was stopped or not started: no sign in either direction.
    case 'interrupted':
    // The agent works; its budget is used up.
    case 'budget_exhausted':
    case 'degraded':
    case 'attempts_exhausted':
    case 'not_run':
    case undefined:
      return { kind: 'inconclusive' };
    default:
      return failure satisfies never;
  }
}
