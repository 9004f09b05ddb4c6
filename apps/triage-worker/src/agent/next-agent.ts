import type { AgentFailure } from '@nightcrier/core/incidents/agent-failure';
import type { AgentFailures } from '@nightcrier/core/incidents/triage-outcome';
import type { AgentCli } from '@nightcrier/core/settings/config';

/** What has happened in this triage run so far. */
export interface AgentHistory {
  /** The agent of the orphaned run that is adopted, if there is one. */
  orphan?: AgentCli | undefined;
  /** Agents that failed or were not started, in their order. */
  failures: AgentFailures;
}

/** What the configuration and the incident allow. */
export interface AgentPolicy {
  /** `agent_cli` */
  configured: AgentCli;
  /** `agent_fallback` */
  fallback: readonly AgentCli[];
  /** The incident has attempts left after this one. */
  attemptsLeft: boolean;
}

export type AgentDecision =
  | {
      kind: 'run';
      agent: AgentCli;
      reason:
        | 'configured'
        /** The orphaned run is adopted. */
        | 'orphaned_run'
        /** The agent before it is degraded, and was not started. */
        | 'degraded'
        /** The provider of the model failed: another provider may work. */
        | 'provider_failed'
        /** The built-in analyser reports: another model would cost as much again, and fail alike. */
        | 'last_resort';
    }
  | {
      kind: 'over';
      reason:
        /** A transient failure: another attempt may succeed. */
        | 'retry'
        /** Only another configuration helps. */
        | 'unusable'
        /** No agent is left that could report. */
        | 'no_agent_left';
    };

/** Decides which agent runs next on the same evidence, or that no further agent runs. */
export function nextAgent({ orphan, failures }: AgentHistory, policy: AgentPolicy): AgentDecision {
  if (orphan !== undefined && !failures.some(({ agent }) => agent === orphan)) {
    return { kind: 'run', agent: orphan, reason: 'orphaned_run' };
  }
  const last = failures.at(-1);
  if (last === undefined) return { kind: 'run', agent: policy.configured, reason: 'configured' };
  if (policy.attemptsLeft && isTransient(last) && isFirstRun(failures)) return { kind: 'over', reason: 'retry' };
  const order = fallbackOrder(failures, policy);
  const successors = order.slice(order.findIndex((agent) => agent === last.agent) + 1);
  const reason = last.kind === 'degraded' || last.kind === 'provider_failed' ? last.kind : 'last_resort';
  const agent = reason === 'last_resort' ? successors.find((successor) => successor === 'builtin') : successors[0];
  if (agent !== undefined) return { kind: 'run', agent, reason };
  if (isFirstRun(failures) && isTransient(last)) return { kind: 'over', reason: 'retry' };
  return { kind: 'over', reason: isFirstRun(failures) && last.kind === 'unusable' ? 'unusable' : 'no_agent_left' };
}

/** While agents are degraded, the built-in analyser reports last, even if `agent_fallback` does not name it. */
function fallbackOrder(failures: AgentFailures, { configured, fallback }: AgentPolicy): AgentCli[] {
  const order = [...new Set(fallback)].filter((agent) => agent !== configured);
  if (!failures.some(({ kind }) => kind === 'degraded')) return order;
  return [...order.filter((agent) => agent !== 'builtin'), 'builtin'];
}

function isTransient({ kind }: AgentFailure): boolean {
  return kind === 'unavailable' || kind === 'interrupted';
}

function isFirstRun(failures: AgentFailures): boolean {
  return failures.slice(0, -1).every(({ kind }) => kind === 'not_run');
}
