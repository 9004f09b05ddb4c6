import { RE2JS } from 're2js';

/** Operators of a matcher, with their meaning in Alertmanager. */
export const MATCH_OPERATORS = ['=', '!=', '=~', '!~'] as const;
export type MatchOperator = (typeof MATCH_OPERATORS)[number];

/** Labels by name. */
export type Labels = ReadonlyMap<string, string>;

/**
 * One condition on a label. A label that is missing counts as empty. Regular expressions are those of RE2, as in Alertmanager:
 * anchored at both ends, and linear in the length of the value.
 */
export class Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  readonly #pattern: RE2JS | undefined;

  /** @throws Error when the value of a `=~` or `!~` is no regular expression */
  constructor(name: string, operator: MatchOperator, value: string) {
    this.name = name;
    this.operator = operator;
    this.value = value;
    this.#pattern = operator === '=~' || operator === '!~' ? RE2JS.compile(value, RE2JS.DOTALL) : undefined;
  }

  matches(labels: Labels): boolean {
    const value = labels.get(this.name) ?? '';
    const isEqual = this.#pattern === undefined ? value === this.value : this.#pattern.matches(value);
    return this.operator.startsWith('!') ? !isEqual : isEqual;
  }

  /** The matcher as it can be parsed again: `cause=~"db_.*"`. */
  toString(): string {
    const name = /^[\w.:/-]+$/.test(this.name) ? this.name : JSON.stringify(this.name);
    return `${name}${this.operator}${JSON.stringify(this.value)}`;
  }
}
