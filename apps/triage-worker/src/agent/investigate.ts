import type { AgentCli } from '@nightcrier/core/config';
import type { TriageOutcome } from '@nightcrier/core/triage-outcome';
import type { Claim } from '../claim.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { redactText } from '../redaction/redact-text.ts';
import { judgeAgent } from '../report/judge-agent.ts';
import { readReport } from '../report/read-report.ts';
import type { TriageContext } from '../triage-context.ts';
import { freshOutput, type Workspace } from '../workspace/workspace.ts';
import { noteUsage } from './note-usage.ts';
import { providerFailure } from './provider-failure.ts';
import { runAgent } from './run-agent.ts';

/**
 * Lets the configured agent investigate and, where it gives no valid report, those of `agent_fallback`, on the same evidence:
 * the next one when it was the model's provider that failed, else the built-in analyser if it is among them, since another
 * model would cost as much again. A report that is not the configured agent's says so, and so does its incident.
 * @throws the signal's reason when it is aborted
 */
export async function investigate(
  claim: Claim,
  workspace: Workspace,
  evidence: Evidence,
  context: TriageContext,
): Promise<TriageOutcome> {
  const { config, logger } = context;
  let left = config.agent_fallback.filter((agent) => agent !== config.agent_cli);
  /** How the provider of the last agent's model let it down. */
  let failure: string | undefined;
  let outcome = await runOne(config.agent_cli, undefined);
  const failures: string[] = [];
  while (outcome.kind === 'agent_failed') {
    const provider = failure;
    failures.push(await redactText(provider === undefined ? outcome.reason : `${outcome.agent}: ${provider}`));
    const next = provider === undefined ? left.find((agent) => agent === 'builtin') : left[0];
    if (next === undefined) return failures.length > 1 ? { ...outcome, reason: failures.join('; ') } : outcome;

    left = left.slice(left.indexOf(next) + 1);
    const because = failures.join('; ');
    logger.warn({ agent: outcome.agent, next, reason: failures.at(-1) }, 'agent failed; another one takes over');
    await freshOutput(workspace);
    outcome = asFallback(await runOne(next, because), next, because);
  }
  return outcome;

  async function runOne(agent: AgentCli, because: string | undefined): Promise<TriageOutcome> {
    // Model and tools are those of the configured agent's CLI.
    const own = because === undefined ? {} : { agent_model: undefined, agent_allowed_tools: [] };
    const own_context = { ...context, config: { ...config, ...own, agent_cli: agent } };
    const exit = await runAgent(claim, workspace, evidence, own_context, because).finally(async () => {
      failure = providerFailure(await noteUsage(claim.incident.incident_id, workspace.logs, own_context));
    });
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
