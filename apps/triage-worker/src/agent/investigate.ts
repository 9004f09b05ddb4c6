import type { AgentCli } from '@nightcrier/core/settings/config';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { Claim } from '../prepare/claim.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { judgeAgent } from './judge-agent.ts';
import { readReport } from '../report/read-report.ts';
import { together } from '@nightcrier/core/async/together';
import type { TriageContext } from '../triage-context.ts';
import { TriageEnded } from '../triage-ended.ts';
import { freshOutput, type Workspace } from '../workspace/workspace.ts';
import type { OrphanedRun } from './run/find-orphaned-run.ts';
import { noteUsage } from './note-usage.ts';
import { providerFailure } from './provider-failure.ts';
import { runAgent } from './run-agent.ts';

/**
 * Lets the configured agent investigate, or follows the run that another worker began, and, where no valid report comes of
 * it, those of `agent_fallback`, on the same evidence: the next one when it was the model's provider that failed, else the
 * built-in analyser if it is among them, since another model would cost as much again. A passing cause is left to the next
 * attempt, as long as there is one. A report that is not the configured agent's says so, and so does its incident.
 * @param options.left the run to follow
 * @param options.passedOver why the configured agent is not even tried; then those of `agent_fallback` are, the built-in one last
 * @param evidence resolves when it is in the workspace
 * @throws the signal's reason when it is aborted, or what the evidence was rejected with
 */
export async function investigate(
  claim: Claim,
  workspace: Workspace,
  evidence: Promise<Evidence>,
  context: TriageContext,
  { left, passedOver }: { left?: OrphanedRun | undefined; passedOver?: string } = {},
): Promise<TriageOutcome> {
  const { config, logger } = context;
  const { attempts } = claim.incident;
  const untried = passedOver ?? (left ? undefined : claim.agentsGivenUp);
  const failures = untried === undefined ? [] : [untried];
  const fallback = config.agent_fallback.filter((successor) => successor !== config.agent_cli);
  const order: AgentCli[] =
    passedOver === undefined ? fallback : [...fallback.filter((successor) => successor !== 'builtin'), 'builtin'];
  let agent: AgentCli = left?.agent ?? firstAgent();
  let successors = order.slice(order.indexOf(agent) + 1);
  for (let follow = left; ; follow = undefined) {
    const because = failures.length > 0 ? failures.join('; ') : undefined;
    const { outcome, provider } = await runOne(claim, workspace, evidence, { context, agent, because, left: follow });
    if (outcome.kind === 'resolved' && agent !== config.agent_cli) {
      return { ...outcome, reason: `${agent} took over${because === undefined ? '' : `: ${because}`}` };
    }
    if (outcome.kind !== 'agent_failed' && outcome.kind !== 'failed' && outcome.kind !== 'retry') return outcome;
    if (outcome.kind === 'retry' && failures.length === 0 && attempts < config.max_attempts) return outcome;

    failures.push(await redactText(describeFailure(outcome, { agent, provider, attempts })));
    const next = provider === undefined ? successors.find((successor) => successor === 'builtin') : successors[0];
    if (next === undefined) {
      return failures.length > 1 ? { kind: 'agent_failed', reason: failures.join('; '), agent } : outcome;
    }
    logger.warn({ agent, next, reason: failures.at(-1) }, 'agent failed; another one takes over');
    freshOutput(workspace);
    successors = successors.slice(successors.indexOf(next) + 1);
    agent = next;
  }

  function firstAgent(): AgentCli {
    if (untried === undefined) return config.agent_cli;
    return passedOver === undefined ? 'builtin' : (order[0] ?? 'builtin');
  }
}

interface OneRun {
  context: TriageContext;
  agent: AgentCli;
  because: string | undefined;
  left: OrphanedRun | undefined;
}

/** One run of one agent, judged. `provider`: how the provider of its model let it down, where that was it. */
async function runOne(
  claim: Claim,
  workspace: Workspace,
  evidence: Promise<Evidence>,
  { context, agent, because, left }: OneRun,
): Promise<{ outcome: TriageOutcome; provider?: string | undefined }> {
  const { config } = context;
  // Model and tools are those of the configured agent's CLI.
  const own = agent === config.agent_cli ? {} : { agent_model: undefined, agent_allowed_tools: [] };
  const settings = { ...context, config: { ...config, ...own, agent_cli: agent } };
  try {
    const { exit, gone } = await runAgent(claim, workspace, evidence, settings, { because, left });
    context.afterwards.defer(async () => void (await gone));
    const [report, stream] = await together(
      readReport(workspace.output, config.report_min_bytes),
      noteUsage(claim.incident.incident_id, workspace.logs, settings),
    );
    const outcome = judgeAgent(exit, report, agent, config.agent_timeout);
    // The next agent or attempt needs its container's name and its directories.
    if (outcome.kind !== 'resolved') await gone;
    return { outcome, provider: providerFailure(stream) };
  } catch (error) {
    // Without evidence there is nothing that another agent could do better.
    await evidence;
    if (error instanceof TriageEnded) return { outcome: error.outcome };
    await noteUsage(claim.incident.incident_id, workspace.logs, settings);
    throw error;
  }
}

function describeFailure(
  { kind, reason }: Extract<TriageOutcome, { kind: 'agent_failed' | 'failed' | 'retry' }>,
  { agent, provider, attempts }: { agent: AgentCli; provider: string | undefined; attempts: number },
): string {
  if (provider !== undefined) return `${agent}: ${provider}`;
  switch (kind) {
    case 'agent_failed':
      return reason; // which names the agent
    case 'failed':
      return `${agent}: ${reason}`;
    case 'retry':
      return `${agent}: gave up after ${attempts} attempts: ${reason}`;
    default:
      return kind satisfies never;
  }
}
