import type { Provider } from './dialects/dialect.ts';

/** The models of each provider, for runs whose CLI chooses the model. */
const FAMILIES: Record<Provider, RegExp> = {
  anthropic: /^claude-[\w.-]+$/,
  openai: /^(?:gpt-|o\d|codex-)[\w.-]*$/,
  gemini: /^gemini-[\w.-]+$/,
};

/** Names that claude takes for the newest model of a kind. */
const ALIASES = /^(?:sonnet|opus|haiku)$/;

/**
 * Decides whether a run may use a model: the one of `agent_model`, or one that `llm_models` lists, where a `*` stands for any end.
 * Without `agent_model`, the CLI chooses one of its provider's.
 */
export function isAllowedModel(
  model: string,
  { provider, configured, listed }: { provider: Provider; configured: string | undefined; listed: readonly string[] },
): boolean {
  if (listed.some((entry) => (entry.endsWith('*') ? model.startsWith(entry.slice(0, -1)) : entry === model)))
    return true;
  if (configured === undefined) return FAMILIES[provider].test(model);
  const name = configured.replace(/\[1m\]$/, '');
  return model === name || (ALIASES.test(name) && FAMILIES.anthropic.test(model) && model.split('-').includes(name));
}
