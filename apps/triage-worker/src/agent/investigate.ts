import { type AgentFailure, describeFailures } from '@nightcrier/core/incidents/agent-failure';
import type { AgentFailures, TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import { together } from '@nightcrier/core/async/together';
import type { AgentCli } from '@nightcrier/core/settings/config';
import { redactFailure } from '@nightcrier/redaction/redact-failure';
import type { Evidence } from '../evidence/evidence.ts';
import type { Claim } from '../claim.ts';
import { readReport, type ReportReading } from '../report/read-report.ts';
import type { TriageContext } from '../triage-context.ts';
import { closeAccess, deniedRequests } from './access/close-access.ts';
import { gatewaysGone } from './access/gateways-gone.ts';
import { readContainerRecord } from './run/container-record.ts';
import { freshOutput, type Workspace } from '../workspace/workspace.ts';
import { type AgentResult, judgeAgent } from './judge-agent.ts';
import { type AgentDecision, nextAgent } from './next-agent.ts';
import { noteUsage } from './note-usage.ts';
import { providerFailure } from './provider-failure.ts';
import { runAgent } from './run-agent.ts';
import type { OrphanedRun } from './run/find-orphaned-run.ts';
import type { StartingPoint } from './starting-point.ts';

/**
 * Runs the agents that {@link nextAgent} decides on, one after the other on the same evidence, until one reports. Records
 * the configured agent's result in the breaker.
 * @param evidence resolves when it is in the workspace
 * @throws the signal's reason when it is aborted, or the rejection of the evidence
 */
export async function investigate(
  start: StartingPoint,
  claim: Claim,
  workspace: Workspace,
  evidence: Promise<Evidence>,
  context: TriageContext,
): Promise<TriageOutcome> {
  try {
    const outcome = await runAgents(start, claim, workspace, evidence, context);
    await start.breaker?.recordOutcome(outcome);
    return outcome;
  } catch (error) {
    await start.breaker?.record({ kind: 'inconclusive' });
    throw error;
  }
}

async function runAgents(
  start: StartingPoint,
  claim: Claim,
  workspace: Workspace,
  evidence: Promise<Evidence>,
  context: TriageContext,
): Promise<TriageOutcome> {
  const { config, logger } = context;
  const { agent_cli: configured, agent_fallback: fallback, max_attempts } = config;
  const policy = { configured, fallback, attemptsLeft: claim.incident.attempts < max_attempts };
  const failures: AgentFailure[] = [...start.failures];
  for (;;) {
    const decision = nextAgent({ orphan: start.orphan?.agent, failures }, policy);
    if (decision.kind === 'over') return endOf(failures, decision.reason);
    const { agent, reason } = decision;
    if (reason !== 'configured' && reason !== 'orphaned_run') {
      logger.warn({ agent, reason, failure: failures.at(-1) }, 'fallback agent started');
    }
    if (failures.length > start.failures.length) freshOutput(workspace);
    const orphan = reason === 'orphaned_run' ? start.orphan : undefined;
    const result = await runOne(claim, workspace, evidence, { context, agent, failures, orphan });
    if (result.kind === 'reported') {
      return { kind: 'reported', report: result.report, markdown: result.markdown, agent, failures };
    }
    failures.push(await redactFailure(result));
  }
}

/** Maps the failures of all agents to the outcome. */
function endOf(failures: AgentFailures, reason: Extract<AgentDecision, { kind: 'over' }>['reason']): TriageOutcome {
  switch (reason) {
    case 'retry':
      return { kind: 'retry', failures };
    case 'unusable':
      return { kind: 'failed', failures };
    case 'no_agent_left':
      return { kind: 'agent_failed', agent: failures.at(-1)?.agent ?? 'none', failures };
    default:
      return reason satisfies never;
  }
}

interface OneRun {
  context: TriageContext;
  agent: AgentCli;
  /** Of the agents before it. */
  failures: AgentFailures;
  /** The run to adopt, in place of a new one. */
  orphan: OrphanedRun | undefined;
}

/** Runs one agent and decides its result. */
async function runOne(
  claim: Claim,
  workspace: Workspace,
  evidence: Promise<Evidence>,
  { context, agent, failures, orphan }: OneRun,
): Promise<AgentResult> {
  const { config } = context;
  // Model and tools are those of the configured agent's CLI.
  const own = agent === config.agent_cli ? {} : { agent_model: undefined, agent_allowed_tools: [] };
  const settings = { ...context, config: { ...config, ...own, agent_cli: agent } };
  const because = describeFailures(failures);
  const { incident_id, attempts } = claim.incident;
  const run = { incident_id, attempt: orphan?.attempt ?? attempts };
  try {
    const { exit, gone, skipped } = await runAgent(
      { claim, workspace, evidence, context: settings },
      { because, orphan },
    );
    context.afterwards.defer(async () => void (await gone));
    const [report, stream] = await together(
      readReport(workspace.output, config.report_min_bytes),
      noteUsage(claim.incident.incident_id, workspace.logs, settings),
    );
    // Another worker has adopted a run that is unavailable here.
    const activity =
      agent === 'builtin' || exit.kind === 'unavailable' ? undefined : await closeAccess(run, workspace, settings);
    // A model that is reached directly leaves its errors in the CLI's own words only.
    const throughDoor = config.llm_access === 'gateway' && agent !== 'builtin';
    const providerError = throughDoor ? activity?.summary.provider_failure : providerFailure(stream);
    const result = judgeAgent({
      agent,
      exit,
      report: explainMissing(report, skipped),
      providerError,
      budgetExhausted: activity?.summary.budget_exhausted,
      gatewaysGone: activity !== undefined && !report.valid && (await gatewaysGone(settings)),
      timeoutSeconds: config.agent_timeout,
    });
    // The next agent or attempt needs the name of its container and its directories.
    if (result.kind !== 'reported') await gone;
    if (result.kind !== 'reported' || !activity) return result;
    return { ...result, markdown: result.markdown + deniedRequests(activity) };
  } catch (error) {
    // Without evidence no other agent could do better.
    await evidence;
    await noteUsage(claim.incident.incident_id, workspace.logs, settings);
    // Another worker adopts a container whose end is not recorded.
    if (agent !== 'builtin' && (await readContainerRecord(workspace.logs))) await closeAccess(run, workspace, settings);
    throw error;
  }
}

/** Says of a report that was not taken why it was not. */
function explainMissing(report: ReportReading, skipped: ReadonlyMap<string, string>): ReportReading {
  const why = skipped.get('investigation.md');
  return why === undefined || report.valid ? report : { ...report, problem: `investigation.md ${why}` };
}
