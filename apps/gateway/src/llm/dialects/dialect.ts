import type { JsonObject } from './json.ts';
import type { Problem } from './problems.ts';

/** The provider of a model. */
export type Provider = 'anthropic' | 'openai' | 'gemini';

/** Tokens of one answer. */
export interface Tokens {
  /** All of the input, cached or not. */
  input: number;
  cached: number;
  output: number;
  /** What writing to the provider's cache costs beyond the price of input, in tokens of input. */
  surcharge: number;
}

/** What the gateway must know of a provider's API. */
export interface Dialect {
  provider: Provider;
  /**
   * Returns why a request is denied: it names a tool that runs at the provider, a file or an address there, or a field that is not
   * known to be harmless.
   * @param model the one that is allowed
   */
  problemOf(body: JsonObject, model: string): Problem;
  /** Returns the most tokens that the answer can have; undefined if the request does not bound it. */
  longestAnswer(body: JsonObject): number | undefined;
  /** Returns the request with a bound of its answer, and with the usage in its stream. */
  bounded(body: JsonObject, longest: number): JsonObject;
  /** Returns the highest {@link Tokens.surcharge} of a request with so many tokens. Missing: there is none. */
  surchargeAtMost?(text: string, input: number): number;
  /** Returns the tokens that an event of a stream, or a whole answer, reports; later ones replace earlier ones. */
  tokensOf(event: JsonObject): Partial<Tokens> | undefined;
  /** Returns the text that an event of a stream adds to the answer, for one that is cut off. */
  textOf(event: JsonObject): string;
  /** True for the event after which a stream has nothing more to say. `[DONE]` is another one. */
  isLast(event: JsonObject): boolean;
  /** Returns an error in the form that the provider's clients read. */
  errorBody(status: number, message: string): JsonObject;
}
