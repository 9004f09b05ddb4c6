/** The agents: the built-in analyser, and the CLIs that the agent image has. */
export const AGENT_CLIS = ['builtin', 'claude', 'codex', 'gemini', 'goose'] as const;
export type AgentCli = (typeof AGENT_CLIS)[number];

/** A provider of models: the settings of its key and address, and its name in goose. */
export interface ModelProvider {
  key: 'anthropic_api_key' | 'openai_api_key' | 'gemini_api_key';
  baseUrl: 'anthropic_base_url' | 'openai_base_url' | 'google_gemini_base_url';
  goose: string;
}

const ANTHROPIC: ModelProvider = { key: 'anthropic_api_key', baseUrl: 'anthropic_base_url', goose: 'anthropic' };
const OPENAI: ModelProvider = { key: 'openai_api_key', baseUrl: 'openai_base_url', goose: 'openai' };
const GEMINI: ModelProvider = { key: 'gemini_api_key', baseUrl: 'google_gemini_base_url', goose: 'google' };

/** The providers that an agent can use. It uses the first one whose key is set. */
export const MODEL_PROVIDERS: Record<AgentCli, readonly ModelProvider[]> = {
  builtin: [],
  claude: [ANTHROPIC],
  codex: [OPENAI],
  gemini: [GEMINI],
  goose: [ANTHROPIC, OPENAI, GEMINI],
};
