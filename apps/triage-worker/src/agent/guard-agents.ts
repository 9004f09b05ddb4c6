import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { AgentResult, BreakerAnswer } from '@nightcrier/state/breaker/agent-breaker';
import type { Claim } from '../prepare/claim.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { LONGEST_COLLECTION_MS } from '../prepare/gather-evidence.ts';
import type { TriageContext } from '../triage-context.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { findOrphanedRun, type OrphanedRun } from './run/find-orphaned-run.ts';
import { investigate } from './investigate.ts';

/** Who is to investigate, as far as that is known before an agent begins. */
export class Turn {
  /** The run that another worker began, which is followed to its end. */
  readonly left: OrphanedRun | undefined;
  /** Of the breaker, where it was asked. */
  readonly answer: BreakerAnswer | undefined;
  readonly #incidentId: string;
  readonly #context: TriageContext;
  #told = false;

  constructor(incidentId: string, context: TriageContext, { left, answer }: Partial<Pick<Turn, 'left' | 'answer'>>) {
    this.#incidentId = incidentId;
    this.#context = context;
    this.left = left;
    this.answer = answer;
  }

  /** Tells the breaker what the agent made of the incident, once. Never rejects: that must not be lost with it. */
  async tell(result: AgentResult): Promise<void> {
    if (this.#told) return;
    this.#told = true;
    const { config, breaker, logger } = this.#context;
    const { agent_cli: agent } = config;
    try {
      const change = await breaker.record(this.#incidentId, agent, result);
      if (change === 'opened') logger.error({ agent }, 'agents are degraded: too many failed in a row');
      if (change === 'closed') logger.info({ agent }, 'agents work again');
    } catch (error) {
      logger.warn({ error }, 'what the agent made of the incident could not be told to the breaker');
    }
  }
}

/**
 * Looks for a run that can be followed; without one, asks the breaker that all workers share whether the incident is given to
 * the configured agent. The built-in analyser needs no breaker. A probe whose run does not get as far as an agent is given back.
 */
export async function takeTurn(claim: Claim, context: TriageContext): Promise<Turn> {
  const { config, breaker, grace, afterwards } = context;
  const { incident_id: id } = claim.incident;
  const left = await findOrphanedRun(claim, context);
  if (left || config.agent_cli === 'builtin' || claim.agentsGivenUp !== undefined)
    return new Turn(id, context, { left });
  const longest = LONGEST_COLLECTION_MS / 1000 + config.agent_timeout + grace.overrun + grace.kill;
  const turn = new Turn(id, context, { answer: await breaker.enter(id, longest) });
  if (turn.answer?.kind === 'probe') afterwards.defer(async () => turn.tell({ kind: 'left' }));
  return turn;
}

/**
 * Investigates behind the breaker: while agents are degraded, an incident passes the configured agent over, unless it is the
 * one that finds out whether it works again. What the agent made of the incident is told to the breaker, whatever those that
 * took over from it made of it.
 * @param evidence resolves when it is in the workspace
 * @throws the signal's reason when it is aborted, or what the evidence was rejected with
 */
export async function guardAgents(
  turn: Turn,
  claim: Claim,
  workspace: Workspace,
  evidence: Promise<Evidence>,
  context: TriageContext,
): Promise<TriageOutcome> {
  const { left, answer } = turn;
  const { agent_cli: agent } = context.config;
  // The breaker was not asked, and has nothing to be told.
  if (!answer && (!left || agent === 'builtin')) return investigate(claim, workspace, evidence, context, { left });
  if (answer?.kind === 'degraded') {
    const times = answer.failures === 1 ? 'a failure' : `${answer.failures} failures in a row`;
    const passedOver = `${agent} was passed over after ${times}, the last one: ${answer.reason}`;
    context.logger.warn({ agent, failures: answer.failures }, 'agent is passed over: agents are degraded');
    return investigate(claim, workspace, evidence, context, { passedOver });
  }
  let result: AgentResult = { kind: 'left' };
  try {
    const outcome = await investigate(claim, workspace, evidence, context, { left });
    result = resultOf(outcome, context);
    if (result.kind === 'failed') result = { ...result, reason: await redactText(result.reason) };
    return outcome;
  } finally {
    await turn.tell(result);
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
    case 'cancelled':
      return { kind: 'left' };
    default:
      return outcome satisfies never;
  }
}
