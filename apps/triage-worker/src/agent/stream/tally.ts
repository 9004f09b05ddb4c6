import { z } from 'zod';

/** Tokens of answers of a model. */
export interface Tokens {
  /** What was cached included. */
  input_tokens: number;
  cached_input_tokens: number;
  output_tokens: number;
}

/** What has been read of a stream so far. The dialects of the CLIs write to it, event by event. */
export interface Tally extends Tokens {
  /** As the CLI names it, where it does. */
  model: string | undefined;
  turns: number;
  tool_calls: number;
  denials: number;
  /** The CLI's own figure, in USD. */
  cost_usd: number | undefined;
  /** How the CLI says that it failed; the last one counts. */
  failure: { message: string; status: number | undefined } | undefined;
  /** Answers of the model that are counted already, and other things to remember from one event to the next. */
  seen: Set<string>;
}

export function emptyTally(): Tally {
  const tokens = { input_tokens: 0, cached_input_tokens: 0, output_tokens: 0 };
  const none = { model: undefined, cost_usd: undefined, failure: undefined };
  return { ...tokens, ...none, turns: 0, tool_calls: 0, denials: 0, seen: new Set() };
}

/** Reads one event of a CLI's stream. What it does not know, it passes over. */
export type Dialect = (event: unknown, tally: Tally) => void;

/** A count that a CLI gives. A process in the container could have written it, so it has bounds. */
export const count = z.number().int().min(0).max(1_000_000_000_000);
/** A count that a CLI may leave out. */
export const optionalCount = count.nullish().transform((value) => value ?? 0);
