import { expect, it } from 'vitest';
import { quantityOf } from './quantity.ts';

it.each([
  ['250m', 0.25],
  ['2Gi', 2 ** 31],
  ['1e3', 1000],
  [' 3 ', 3],
  ['7843048Ki', 7_843_048 * 1024],
  ['', undefined],
  ['2 Gi', undefined],
  ['1Qi', undefined],
  ['1.2.3', undefined],
])('reads %j as %j', (text, expected) => {
  expect(quantityOf(text)).toBe(expected);
});
