import { z } from 'zod';

const count = z.number().int().nonnegative();

/**
 * Model usage of one agent run, or of all runs of an incident. Parsed from the output streams of the agent CLIs.
 */
export const AgentUsage = z.object({
  /** Number of model responses; codex counts a whole run as one. */
  turns: count,
  tool_calls: count,
  /** Tool calls that the CLI's own rules denied. */
  denials: count,
  /** All input tokens, cached ones included. */
  input_tokens: count,
  /** The part of `input_tokens` that the provider had cached, which costs less. */
  cached_input_tokens: count,
  output_tokens: count,
  /** Known cost in USD, without that of `unpriced_tokens`. */
  cost_usd: z.number().nonnegative(),
  /** The source of `cost_usd`: the CLI, or, if any part is an estimate, `agent_prices`. */
  cost_source: z.enum(['cli', 'price table']).optional(),
  /** Tokens of runs whose cost neither the CLI nor `agent_prices` provides. */
  unpriced_tokens: count,
  /** Stream lines that were too long or not events. */
  unreadable_lines: count,
});
export type AgentUsage = z.infer<typeof AgentUsage>;

/** The summable figures of {@link AgentUsage}. */
export type UsageFigures = Omit<AgentUsage, 'cost_source'>;

export const NO_USAGE: UsageFigures = {
  turns: 0,
  tool_calls: 0,
  denials: 0,
  input_tokens: 0,
  cached_input_tokens: 0,
  output_tokens: 0,
  cost_usd: 0,
  unpriced_tokens: 0,
  unreadable_lines: 0,
};

/** Prices of a model in USD per million tokens. */
export const ModelPrice = z.strictObject({
  input: z.number().min(0).max(100_000),
  /** Price of cached input; `input` if unset. */
  cached_input: z.number().min(0).max(100_000).optional(),
  output: z.number().min(0).max(100_000),
});
export type ModelPrice = z.infer<typeof ModelPrice>;

/** Returns the price of the first of these models or agents that has one. They may have any name. */
export function priceOf(
  prices: Readonly<Record<string, ModelPrice>>,
  ...names: readonly (string | undefined)[]
): ModelPrice | undefined {
  const name = names.find((one) => one !== undefined && Object.hasOwn(prices, one));
  return name === undefined ? undefined : prices[name];
}

/** Returns the cost of the tokens in USD. */
export function costOf(
  tokens: Pick<AgentUsage, 'input_tokens' | 'cached_input_tokens' | 'output_tokens'>,
  { input, cached_input = input, output }: ModelPrice,
): number {
  const fresh = tokens.input_tokens - tokens.cached_input_tokens;
  return (fresh * input + tokens.cached_input_tokens * cached_input + tokens.output_tokens * output) / 1_000_000;
}

/** Formats the usage in one line, such as `4 turns, 3 tool calls (1 denied), 4,800 + 136 tokens, $0.0130`. */
export function describeUsage(usage: AgentUsage): string {
  const number = (value: number): string => value.toLocaleString('en-US');
  const denied = usage.denials === 0 ? '' : ` (${usage.denials} denied)`;
  const tokens = `${number(usage.input_tokens)} + ${number(usage.output_tokens)} tokens`;
  return `${usage.turns} turns, ${usage.tool_calls} tool calls${denied}, ${tokens}, ${describeCost(usage)}`;
}

function describeCost({ cost_usd, cost_source, unpriced_tokens }: AgentUsage): string {
  const known = `$${cost_usd.toFixed(4)}${cost_source === 'price table' ? ' by agent_prices' : ''}`;
  if (unpriced_tokens === 0) return known;
  const unknown = `cost of ${unpriced_tokens.toLocaleString('en-US')} tokens unknown`;
  return cost_usd === 0 ? unknown : `${known}, ${unknown}`;
}
