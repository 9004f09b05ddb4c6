import { expect, test } from 'vitest';
import { problemKeyOf, shownProblem } from './problem-name.ts';

test.each([
  ['shop/cart', 'shop/cart'],
  ['/Node%2Fnode-3', 'Node node-3'],
])('the problem %s is shown as %s, which names it', (key, shown) => {
  expect(shownProblem(key)).toBe(shown);
  expect(problemKeyOf(shown)).toBe(key);
  expect(problemKeyOf(key)).toBe(key);
});

test('a key that is no percent-encoding is shown as it is', () => {
  expect(shownProblem('shop/100%')).toBe('shop/100%');
});
