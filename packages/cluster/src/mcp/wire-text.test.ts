import { expect, test } from 'vitest';
import { cleanText } from './wire-text.ts';

test.each([
  ['terminal escapes', '\u001b[31mred\u001b[0m', '[31mred[0m'],
  ['null bytes and C1 controls', 'a\u0000b\u009fc', 'abc'],
  ['marks that reorder text', 'pod\u202egpj.exe', 'podgpj.exe'],
  ['half a surrogate pair', 'a\ud800b', 'a\ufffdb'],
  ['line ends of other systems', 'one\r\ntwo\rthree', 'one\ntwo\nthree'],
])('cleans %s', (_, dirty, clean) => {
  expect(cleanText(dirty, 100)).toBe(clean);
});

test('puts text on one line when asked to', () => {
  expect(cleanText(' one\n\ttwo ', 100, { lines: false })).toBe('one two');
});

test('cuts to the length, never through a character', () => {
  expect(cleanText('abcdef', 4)).toBe('abc…');
  expect(cleanText('ab😀😀', 4).isWellFormed()).toBe(true);
  expect(cleanText('abcd', 4)).toBe('abcd');
});
