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
