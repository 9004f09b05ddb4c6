import { expect, test } from 'vitest';
import { priceOf } from './agent-usage.ts';

const cheap = { input: 1, output: 2 };

test.each([
  [['gpt', 'codex'], cheap],
  [[undefined, 'other', 'gpt'], cheap],
  [['constructor', 'gpt'], cheap],
  [['constructor', 'toString', '__proto__'], undefined],
  [['other', undefined, ''], undefined],
])('the price of %j is that of the first that has one', (names, price) => {
  expect(priceOf({ gpt: cheap }, ...names)).toEqual(price);
});
