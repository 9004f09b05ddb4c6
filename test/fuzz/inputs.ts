import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  boolean,
  constant,
  constantFrom,
  dictionary,
  double,
  integer,
  letrec,
  oneof,
  string,
} from 'fast-check';

/** Runs one parser on generated input; rejects with seed, path and the smallest input that fails. */
export type FuzzTarget = (parameters: { numRuns: number; seed: number }) => Promise<void>;

/** Names that objects inherit, and keys that the parsers know. */
export const keys = (...known: string[]): Arbitrary<string> =>
  oneof(constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', ...known), string({ maxLength: 12 }));

/** Texts that parsers rarely expect. */
export const texts = oneof(
  string({ unit: 'binary', maxLength: 200 }),
  string({ unit: 'grapheme', maxLength: 200 }),
  constantFrom('\u0000', '\u001b]52;c;eA==\u0007', '../../etc/passwd', '\ud800', '9'.repeat(400), '1e999', 'NaN', '-0'),
);

/** JSON values with keys that the parsers know. */
export const jsonValue = (...known: string[]): Arbitrary<unknown> =>
  letrec<{ value: unknown }>((tie) => ({
    value: oneof(
      { depthSize: 'small', withCrossShrink: true },
      oneof(texts, double(), integer(), boolean(), constant(null)),
      array(tie('value'), { maxLength: 5 }),
      dictionary(keys(...known), tie('value'), { maxKeys: 8 }),
    ),
  })).value;

/** Texts of parts of a format, known words and others. */
export const pieces = (parts: readonly string[], known: readonly string[] = []): Arbitrary<string> =>
  array(oneof(constantFrom(...parts, ...known), texts), { maxLength: 30 }).map((all) => all.join(''));

/** @param check throws if the parser crashes, or returns what it must not */
export function target<Input>(input: Arbitrary<Input>, check: (input: Input) => void | Promise<void>): FuzzTarget {
  return async (parameters) =>
    assert(
      asyncProperty(input, async (value) => check(value)),
      parameters,
    );
}
