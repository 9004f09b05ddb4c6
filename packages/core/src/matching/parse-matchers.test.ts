import { expect, test } from 'vitest';
import { MatcherSyntaxError, parseMatchers } from './parse-matchers.ts';

const labels = new Map([
  ['foo', 'bar'],
  ['team', 'shop\nback'],
]);

/** The inputs of Alertmanager's own tests (matcher/parse), and further ones. */
test.each<[string, string[]]>([
  ['', []],
  ['{}', []],
  [' { } ', []],
  ['{foo=bar}', ['foo="bar"']],
  ['{foo=bar,}', ['foo="bar"']],
  ['{foo!=bar}', ['foo!="bar"']],
  ['{foo=~[a-z]+}', ['foo=~"[a-z]+"']],
  ['{foo!~[a-z]+}', ['foo!~"[a-z]+"']],
  ['{foo=🙂bar}', ['foo="🙂bar"']],
  ['foo=bar,', ['foo="bar"']],
  ['foo = "bar" , bar != baz', ['foo="bar"', 'bar!="baz"']],
  ['{"foo"="\\xf0\\x9f\\x99\\x82"}', ['foo="🙂"']],
  ['{"foo"="\\U0001f642\\u0021"}', ['foo="🙂!"']],
  ['{"foo"="bar\\n\\t\\"\\\\"}', ['foo="bar\\n\\t\\"\\\\"']],
  ['"with space"=""', ['"with space"=""']],
  ['labels.team=a, kubernetes.io/x="b"', ['labels.team="a"', 'kubernetes.io/x="b"']],
])('parses %s as Alertmanager does', (text, expected) => {
  const matchers = parseMatchers(text);
  expect(matchers.map(String)).toEqual(expected);
  expect(parseMatchers(matchers.join(',')).map(String)).toEqual(expected);
});

test.each<[string, number, RegExp]>([
  [',', 0, /expected a label name/],
  ['{,}', 1, /expected a label name/],
  ['{', 1, /closing brace/],
  ['}', 0, /closing brace/],
  ['foo=bar}', 7, /there is no opening one/],
  ['{foo=bar', 8, /expected a closing brace/],
  ['{foo=bar}x', 9, /after the closing brace/],
  ['foo', 3, /expected an operator/],
  ['foo=', 4, /expected a value/],
  ['foo==bar', 4, /expected a value/],
  ['foo!bar', 3, /expected an operator/],
  ['foo=bar baz=x', 8, /comma/],
  ['foo=:"bar"', 5, /comma/],
  ['foo="bar', 4, /closing quote is missing/],
  ['foo="bar\\w"', 9, /unknown escape/],
  ['foo=bar\\n', 7, /comma/],
  ['foo="\\xf0\\x9f"', 4, /UTF-8/],
  ['foo="\\UFFFFFFFF"', 6, /code point/],
  ['foo=~"["', 5, /no regular expression/],
  ['foo=~"(?=x)"', 5, /no regular expression/],
])('names the place of the problem in %s', (text, offset, message) => {
  const failure = catching(() => parseMatchers(text));
  expect(failure).toBeInstanceOf(MatcherSyntaxError);
  expect(failure.message).toMatch(message);
  expect(failure.offset).toBe(offset);
});

test.each([
  ['foo=bar', true],
  ['foo!=bar', false],
  ['foo=~"b.r"', true],
  ['foo=~b', false],
  ['foo!~b', true],
  ['missing=""', true],
  ['missing!=""', false],
  ['missing=~".*"', true],
  ['missing=~".+"', false],
  ['team=~"shop.*"', true],
  ['foo=~"bar|x"', true],
  ['__proto__=""', true],
  ['constructor=~".+"', false],
])('%s holds: %s', (text, holds) => {
  expect(parseMatchers(text).every((matcher) => matcher.matches(labels))).toBe(holds);
});

test('a pattern that backtracks without end elsewhere takes steps linear in the value', () => {
  const [matcher] = parseMatchers('foo=~"(a+)+$"');
  expect(matcher?.matches(new Map([['foo', `${'a'.repeat(20_000)}!`]]))).toBe(false);
});

function catching(run: () => unknown): MatcherSyntaxError {
  try {
    run();
  } catch (error) {
    if (error instanceof MatcherSyntaxError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
