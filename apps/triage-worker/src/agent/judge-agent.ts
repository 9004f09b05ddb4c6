import type { AgentExit } from '../agent-runtime.ts';
import type { AgentFailure } from '@nightcrier/core/incidents/agent-failure';
import type { ReportSummary } from '@nightcrier/core/incidents/report';
import type { ReportReading } from '../report/read-report.ts';

/** The result of one run of one agent. */
export type AgentResult = { kind: 'reported'; report: ReportSummary; markdown: string } | AgentFailure;

/** What is known of a run that has ended. */
export interface AgentRunEnd {
  agent: string;
  exit: AgentExit;
  report: ReportReading;
  /** The error of the model's provider, if the stream of the CLI has one. */
  providerError: string | undefined;
  /** The budget that the run has used up, if it has. */
  budgetExhausted?: string | undefined;
  /** No gateway is left that the agent could have reached. */
  gatewaysGone?: boolean | undefined;
  /** `agent_timeout` */
  timeoutSeconds: number;
}

/**
 * Decides the result of a run. The report decides, not the exit code: agent CLIs exit 0 without a report, and exit 1 after
 * an error that follows a complete report. The exceptions are ends that cut the agent off (its deadline, a kill): its report
 * may be incomplete, and stays in the workspace.
 */
export function judgeAgent({
  agent,
  exit,
  report,
  providerError,
  budgetExhausted,
  gatewaysGone = false,
  timeoutSeconds,
}: AgentRunEnd): AgentResult {
  const provider =
    causeOf(agent, providerError, budgetExhausted) ??
    (gatewaysGone
      ? ({ kind: 'unavailable', agent, reason: 'every gateway has stopped while the agent ran' } as const)
      : undefined);
  switch (exit.kind) {
    case 'unavailable':
    case 'interrupted':
    case 'unusable':
      return { kind: exit.kind, agent, reason: exit.reason };
    case 'timed_out':
      return provider ?? { kind: 'timed_out', agent, timeout_seconds: timeoutSeconds };
    case 'killed':
      return provider ?? { kind: 'killed', agent, reason: exit.reason || 'its container was killed' };
    case 'exited': {
      if (report.valid) return { kind: 'reported', report: report.summary, markdown: report.markdown };
      const stderr = exit.lastLine === '' ? {} : { stderr: exit.lastLine };
      return provider ?? { kind: 'no_report', agent, exit_code: exit.code, ...stderr, reason: report.problem };
    }
    default:
      return exit satisfies never;
  }
}

/** What stopped the agent at the gateway or the provider. A used up budget explains what the CLI reports after it. */
function causeOf(agent: string, providerError?: string, budgetExhausted?: string): AgentFailure | undefined {
  if (budgetExhausted !== undefined) return { kind: 'budget_exhausted', agent, reason: budgetExhausted };
  return providerError === undefined ? undefined : { kind: 'provider_failed', agent, reason: providerError };
}
