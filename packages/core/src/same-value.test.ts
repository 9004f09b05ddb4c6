import { expect, test } from 'vitest';
import { sameValue } from './same-value.ts';
import { Secret } from './settings/secret.ts';

test.each([
  ['equal records, whatever the order of their keys', { a: 1, b: [2, { c: 3 }] }, { b: [2, { c: 3 }], a: 1 }, true],
  ['a missing key and one that is undefined', { a: 1, b: undefined }, { a: 1 }, true],
  ['another value deep inside', { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, false],
  ['a list that has grown', [1], [1, 2], false],
  ['a list and a record', [], {}, false],
  ['secrets that hold the same', { key: new Secret('one') }, { key: new Secret('one') }, true],
  ['secrets that hold different things', { key: new Secret('one') }, { key: new Secret('two') }, false],
  ['a secret and nothing', { key: new Secret('one') }, {}, false],
])('compares %s', (_, a, b, same) => {
  expect(sameValue(a, b)).toBe(same);
});
