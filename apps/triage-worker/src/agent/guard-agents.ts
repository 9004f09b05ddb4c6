import type { TriageOutcome } from '@nightcrier/core/triage-outcome';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { AgentResult } from '@nightcrier/state/agent-breaker';
import type { Claim } from '../claim.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { TriageContext } from '../triage-context.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { LeftRun } from './find-left-run.ts';
import { investigate } from './investigate.ts';

/**
 * Investigates behind the breaker that all workers share: while agents are degraded, an incident passes the configured agent
 * over, unless it is the one that finds out whether it works again. What the agent made of the incident is told to the
 * breaker, whatever those that took over from it made of it. The built-in analyser needs no breaker, and a run that another
 * worker began is followed in any case.
 * @throws the signal's reason when it is aborted
 */
export async function guardAgents(
  claim: Claim,
  workspace: Workspace,
  evidence: Evidence,
  context: TriageContext,
  left: LeftRun | undefined,
): Promise<TriageOutcome> {
  const { config, breaker, grace, logger } = context;
  const { agent_cli: agent } = config;
  if (agent === 'builtin' || (!left && claim.agentsGivenUp !== undefined)) {
    return investigate(claim, workspace, evidence, context, { left });
  }

  const id = claim.incident.incident_id;
  const answer = left ? undefined : await breaker.enter(id, config.agent_timeout + grace.overrun + grace.kill);
  if (answer?.kind === 'degraded') {
    const times = answer.failures === 1 ? 'a failure' : `${answer.failures} failures in a row`;
    const passedOver = `${agent} was passed over after ${times}, the last one: ${answer.reason}`;
    logger.warn({ agent, failures: answer.failures }, 'agent is passed over: agents are degraded');
    return investigate(claim, workspace, evidence, context, { passedOver });
  }
  let result: AgentResult = { kind: 'left' };
  try {
    const outcome = await investigate(claim, workspace, evidence, context, { left });
    result = resultOf(outcome, context);
    if (result.kind === 'failed') result = { ...result, reason: await redactText(result.reason) };
    return outcome;
  } finally {
    await record(result);
  }

  /** Never rejects: what the agent found out must not be lost with it. */
  async function record(result: AgentResult): Promise<void> {
    try {
      const change = await breaker.record(id, agent, result);
      if (change === 'opened') logger.error({ agent }, 'agents are degraded: too many failed in a row');
      if (change === 'closed') logger.info({ agent }, 'agents work again');
    } catch (error) {
      logger.warn({ error }, 'what the agent made of the incident could not be told to the breaker');
    }
  }
}

/** What the configured agent made of it. */
function resultOf(outcome: TriageOutcome, { config }: TriageContext): AgentResult {
  const failed = (reason: string): AgentResult => ({
    kind: 'failed',
    reason,
    threshold: config.failure_threshold_for_alert,
    probeIntervalSeconds: config.breaker_probe_interval,
  });
  switch (outcome.kind) {
    case 'resolved':
      if (outcome.agent === config.agent_cli) return { kind: 'succeeded' };
      return failed(outcome.reason?.replace(/^\w+ took over: /, '') ?? 'it gave no report');
    case 'agent_failed':
      return failed(outcome.reason);
    case 'retry':
      return outcome.cause === 'agent_unavailable' ? failed(outcome.reason) : { kind: 'left' };
    case 'failed':
    case 'requeue':
    case 'expired':
    case 'skipped':
      return { kind: 'left' };
    default:
      return outcome satisfies never;
  }
}
