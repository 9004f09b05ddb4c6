import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { AgentExit } from './run/agent-exit.ts';
import type { ReportReading } from '../report/read-report.ts';

/**
 * Decides what an agent's run amounts to. The report decides, not the exit code: agent CLIs exit 0 after doing nothing,
 * and exit 1 because of an error that came after the report was written, so a valid report counts with any code of the
 * agent's own. The exceptions are ends that cut the agent off (its deadline, a kill): what is there then may be half a
 * report, and is left in the workspace for a person to judge.
 * @param agent name of the agent, for the reason
 * @param timeoutSeconds its deadline, for the reason
 */
export function judgeAgent(
  exit: AgentExit,
  report: ReportReading,
  agent: string,
  timeoutSeconds: number,
): TriageOutcome {
  const agentFailed = (reason: string): TriageOutcome => ({ kind: 'agent_failed', reason, agent });
  switch (exit.kind) {
    case 'timed_out':
      return agentFailed(`${agent} timed out after ${timeoutSeconds} s`);
    case 'killed':
      return agentFailed(`${agent} was killed: ${exit.reason || 'something outside of it ended its container'}`);
    case 'unavailable':
      return { kind: 'retry', reason: exit.reason, cause: 'agent_unavailable' };
    case 'interrupted':
      return { kind: 'retry', reason: exit.reason };
    case 'unusable':
      return { kind: 'failed', reason: exit.reason };
    case 'exited': {
      if (report.valid) return { kind: 'resolved', report: report.summary, markdown: report.markdown, agent };
      const lastWords = exit.lastLine === '' ? '' : ` (last words: ${exit.lastLine})`;
      return agentFailed(
        exit.code === 0
          ? `${agent} left no valid report: ${report.problem}`
          : `${agent} exited with code ${exit.code}${lastWords} and left no valid report: ${report.problem}`,
      );
    }
    default:
      return exit satisfies never;
  }
}
