import { z } from 'zod';

/** Tokens of responses of a model. */
export interface Tokens {
  /** Cached tokens included. */
  input_tokens: number;
  cached_input_tokens: number;
  output_tokens: number;
}

/** The counts of a stream so far. The reader of each CLI updates them, event by event. */
export interface Tally extends Tokens {
  /** The name that the CLI reports, if any. */
  model: string | undefined;
  turns: number;
  tool_calls: number;
  denials: number;
  /** The cost that the CLI reports, in USD. */
  cost_usd: number | undefined;
  /** The failure that the CLI reports; the last one counts. */
  failure: { message: string; status: number | undefined } | undefined;
  /** Ids of counted responses, and other state between two events. */
  seen: Set<string>;
}

export function emptyTally(): Tally {
  const tokens = { input_tokens: 0, cached_input_tokens: 0, output_tokens: 0 };
  const none = { model: undefined, cost_usd: undefined, failure: undefined };
  return { ...tokens, ...none, turns: 0, tool_calls: 0, denials: 0, seen: new Set() };
}

/** Reads one event of a CLI's stream. Skips unknown events. */
export type Dialect = (event: unknown, tally: Tally) => void;

/** A count that a CLI reports. It is untrusted, so it has bounds. */
export const count = z.number().int().min(0).max(1_000_000_000_000);
/** A count that a CLI may omit. */
export const optionalCount = count.nullish().transform((value) => value ?? 0);
