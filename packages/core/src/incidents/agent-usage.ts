import { z } from 'zod';

const count = z.number().int().nonnegative();

/**
 * What agents have used: of one run, or of all runs of an incident together. Read out of the streams of their CLIs, so it
 * is what those say.
 */
export const AgentUsage = z.object({
  /** Answers of the model; codex counts a whole run as one. */
  turns: count,
  tool_calls: count,
  /** Tool calls that the CLI's own rules refused. */
  denials: count,
  /** All that the model read, what it had cached included. */
  input_tokens: count,
  /** Of `input_tokens`, those that cost less because the provider had them cached. */
  cached_input_tokens: count,
  output_tokens: count,
  /** What is known of the cost, in USD: without the tokens in `unpriced_tokens`. */
  cost_usd: z.number().nonnegative(),
  /** Whose figure `cost_usd` is: the CLI's own, or, where any part of it is an estimate, that of `agent_prices`. */
  cost_source: z.enum(['cli', 'price table']).optional(),
  /** Tokens of runs of which neither the CLI nor `agent_prices` knows the cost. */
  unpriced_tokens: count,
  /** Lines of the streams that were too long, or no events. */
  unreadable_lines: count,
});
export type AgentUsage = z.infer<typeof AgentUsage>;

/** The figures of {@link AgentUsage}, all of which can be summed. */
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

/** Prices of a model in USD for a million tokens. */
export const ModelPrice = z.strictObject({
  input: z.number().min(0).max(100_000),
  /** Of input that the provider has cached; as `input` if unset. */
  cached_input: z.number().min(0).max(100_000).optional(),
  output: z.number().min(0).max(100_000),
});
export type ModelPrice = z.infer<typeof ModelPrice>;

/** What the tokens cost at a price, in USD. */
export function costOf(
  tokens: Pick<AgentUsage, 'input_tokens' | 'cached_input_tokens' | 'output_tokens'>,
  { input, cached_input = input, output }: ModelPrice,
): number {
  const fresh = tokens.input_tokens - tokens.cached_input_tokens;
  return (fresh * input + tokens.cached_input_tokens * cached_input + tokens.output_tokens * output) / 1_000_000;
}

/** The usage in one line, such as `4 turns, 3 tool calls (1 denied), 4,800 + 136 tokens, $0.0130`. */
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
