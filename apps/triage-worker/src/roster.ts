import type { Settings } from '@nightcrier/core/settings/config';

type Roster = Pick<Settings, 'agent_cli' | 'agent_fallback'>;

/** Returns whether the built-in analyser reports when agents fail. */
export function hasLastResort({ agent_cli, agent_fallback }: Roster): boolean {
  return agent_cli !== 'builtin' && agent_fallback.includes('builtin');
}

/** Returns whether an agent that may investigate runs in a container. */
export function usesEngine({ agent_cli, agent_fallback }: Roster): boolean {
  return [agent_cli, ...agent_fallback].some((agent) => agent !== 'builtin');
}
