import { rememberSecret } from './known-secrets.ts';

/**
 * A value that must not reach a log, an error message, Redis or a serialised object.
 * Every implicit way to a string gives `[secret]`; {@link reveal} is the one explicit way to the value. What a library then
 * repeats of it is replaced by `hideSecrets` before it leaves the process.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    rememberSecret(value);
  }

  /** The value itself. Call it where it leaves the process for its destination, nowhere else. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

/** What node:http refuses in the value of a header. */
const NOT_IN_A_HEADER = /[^\t\u{20}-\u{7e}\u{80}-\u{ff}]/u;

/** Says what is wrong with a secret, without repeating any of it. */
export function secretProblem(value: string): string | undefined {
  if (value === '') return 'must not be empty';
  if (/[\r\n]/.test(value)) return 'must be one line; it contains a line break';
  if (NOT_IN_A_HEADER.test(value)) return 'contains a character that an HTTP header cannot carry';
  return undefined;
}
