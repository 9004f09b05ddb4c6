import type { AgentCli, Config } from '@nightcrier/core/settings/config';

/** Returns the agents that a configuration may run, without the built-in analyser, each once. */
export function agentsOf({ agent_cli, agent_fallback }: Pick<Config, 'agent_cli' | 'agent_fallback'>): AgentCli[] {
  return [...new Set([agent_cli, ...agent_fallback])].filter((agent) => agent !== 'builtin');
}
