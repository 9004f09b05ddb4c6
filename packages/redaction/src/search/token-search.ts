import type { Range } from './kept-rules.ts';
import { endOfToken, isBoundary, JSON_WEB_TOKEN, type TokenRule } from './token-rules.ts';

/** What follows a token that is at least this long belongs to it, characters: its rule may be too short. */
const LONG = 200;
const REST_OF_TOKEN = /[\w+/=-]*/y;
/** The first part of a JSON Web Token, and its most characters. */
const FIRST_PART = /[\w-]*/y;
const LONGEST_PART = 6_000;

/**
 * Finds tokens by the places of their prefixes, in linear time. A text can consist of prefixes, each of which begins a long token, or
 * what could be one.
 */
export class TokenSearch {
  readonly #text: string;
  /** Where the latest long token of a rule ends. */
  readonly #coveredTo = new Map<TokenRule, number>();
  /** Before this place, no JSON Web Token begins. */
  #noneBefore = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the token that begins at a prefix, undefined if there is none. Places are passed in their order. */
  tokenAt(at: number, rule: { token: TokenRule; length: number }): Range | undefined {
    const { token } = rule;
    const isWebToken = token === JSON_WEB_TOKEN;
    if (at < (isWebToken ? this.#noneBefore : (this.#coveredTo.get(token) ?? 0))) return undefined;
    if (!isBoundary(this.#text, at)) return undefined;
    const end = endOfToken(this.#text, at, rule);
    if (end === undefined) {
      if (isWebToken) this.#noteFailure(at);
      return undefined;
    }
    if (isWebToken || end - at < LONG) return [at, end];
    const whole = endOfRun(REST_OF_TOKEN, this.#text, end);
    this.#coveredTo.set(token, whole);
    return [at, whole];
  }

  /** The first part of a token ends at a dot. What begins later in the same run of letters fails for the same reason. */
  #noteFailure(at: number): void {
    const end = endOfRun(FIRST_PART, this.#text, at);
    this.#noneBefore = end - at > LONGEST_PART ? end - LONGEST_PART : end;
  }
}

function endOfRun(run: RegExp, text: string, from: number): number {
  run.lastIndex = from;
  run.test(text);
  return Math.max(run.lastIndex, from);
}
