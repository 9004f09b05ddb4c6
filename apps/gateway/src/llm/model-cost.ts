import { costOf, type ModelPrice, priceOf } from '@nightcrier/core/incidents/agent-usage';
import type { Config } from '@nightcrier/core/settings/config';
import type { ModelCost } from '@nightcrier/state/budgets/model-budgets';
import type { Tokens } from './dialects/dialect.ts';
import type { ModelRequest } from './model-request.ts';

export const NO_TOKENS: Tokens = { input: 0, cached: 0, output: 0, surcharge: 0 };

/** Returns what a request can cost at most. Without a price, it costs no USD. */
export function costAtMost({ model, most }: ModelRequest, config: Config, agent: string): ModelCost {
  return { tokens: most.input + most.output, usd: usdOf({ ...most, cached: 0 }, model, { config, agent }) ?? 0 };
}

/** Returns what tokens cost; undefined without a price. */
export function usdOf(
  { input, cached, output, surcharge }: Tokens,
  model: string,
  { config, agent }: { config: Config; agent: string },
): number | undefined {
  const price: ModelPrice | undefined = priceOf(config.agent_prices, model, agent);
  if (!price) return undefined;
  const tokens = { input_tokens: input, cached_input_tokens: Math.min(cached, input), output_tokens: output };
  return costOf(tokens, price) + (surcharge * price.input) / 1_000_000;
}
