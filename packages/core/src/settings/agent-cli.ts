/** The agents: the built-in analyser, and the CLIs that the agent image has. */
export const AGENT_CLIS = ['builtin', 'claude', 'codex', 'gemini', 'goose'] as const;
export type AgentCli = (typeof AGENT_CLIS)[number];
