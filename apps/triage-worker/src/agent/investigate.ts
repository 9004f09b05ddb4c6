import type { AgentCli } from '@nightcrier/core/config';
import type { TriageOutcome } from '@nightcrier/core/triage-outcome';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { Claim } from '../claim.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { judgeAgent } from '../report/judge-agent.ts';
import { readReport } from '../report/read-report.ts';
import type { TriageContext } from '../triage-context.ts';
import { freshOutput, type Workspace } from '../workspace/workspace.ts';
import { readProviderFailure } from './provider-failure.ts';
import { runAgent } from './run-agent.ts';

/**
 * Lets the configured agent investigate and, where it gives no valid report, those of `agent_fallback`, on the same evidence:
 * the next one when it was the model's provider that failed, else the built-in analyser if it is among them, since another
 * model would cost as much again. A report that is not the configured agent's says so, and so does its incident.
 * @param passedOver why the configured agent is not even tried; then those of `agent_fallback` are, and the built-in analyser last
 * @throws the signal's reason when it is aborted
 */
export async function investigate(
  claim: Claim,
  workspace: Workspace,
  evidence: Evidence,
  context: TriageContext,
  passedOver?: string,
): Promise<TriageOutcome> {
  const { config, logger } = context;
  let left = config.agent_fallback.filter((agent) => agent !== config.agent_cli);
  if (passedOver !== undefined) left = [...left.filter((agent) => agent !== 'builtin'), 'builtin'];
  let outcome: TriageOutcome =
    passedOver === undefined
      ? await runOne(config.agent_cli, undefined)
      : { kind: 'agent_failed', reason: passedOver, agent: config.agent_cli };
  const failures: string[] = [];
  while (outcome.kind === 'agent_failed') {
    const provider = await readProviderFailure(workspace.logs);
    failures.push(await redactText(provider === undefined ? outcome.reason : `${outcome.agent}: ${provider}`));
    const untried = passedOver !== undefined && failures.length === 1;
    const next = untried || provider !== undefined ? left[0] : left.find((agent) => agent === 'builtin');
    if (next === undefined) return failures.length > 1 ? { ...outcome, reason: failures.join('; ') } : outcome;

    left = left.slice(left.indexOf(next) + 1);
    const because = failures.join('; ');
    logger.warn({ agent: outcome.agent, next, reason: failures.at(-1) }, 'another agent takes over');
    if (!untried) await freshOutput(workspace);
    outcome = asFallback(await runOne(next, because), next, because);
  }
  return outcome;

  async function runOne(agent: AgentCli, because: string | undefined): Promise<TriageOutcome> {
    // Model and tools are those of the configured agent's CLI.
    const own = because === undefined ? {} : { agent_model: undefined, agent_allowed_tools: [] };
    const settings = { ...config, ...own, agent_cli: agent };
    const exit = await runAgent(claim, workspace, evidence, { ...context, config: settings }, because);
    const report = await readReport(workspace.output, config.report_min_bytes);
    return judgeAgent(exit, report, agent, config.agent_timeout);
  }
}

/** A fallback that cannot be run has failed like its predecessor: trying the whole incident again would help neither. */
function asFallback(outcome: TriageOutcome, agent: AgentCli, because: string): TriageOutcome {
  switch (outcome.kind) {
    case 'resolved':
      return { ...outcome, reason: `${agent} took over: ${because}` };
    case 'failed':
    case 'retry':
      return { kind: 'agent_failed', reason: `${agent}: ${outcome.reason}`, agent };
    case 'agent_failed':
    case 'requeue':
    case 'expired':
    case 'skipped':
      return outcome;
    default:
      return outcome satisfies never;
  }
}
