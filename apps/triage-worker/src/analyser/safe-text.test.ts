import { expect, it } from 'vitest';
import { code, fenced, oneLine, plain, show } from './safe-text.ts';

it('keeps a fence closed around text that holds fences', () => {
  const block = fenced('before\n```\n# Owned\n`````\nafter').split('\n');
  expect(block[0]).toBe('``````text');
  expect(block.at(-1)).toBe('``````');
});

it('keeps a code span closed around backticks', () => {
  expect(code('a`b``c')).toBe('```a`b``c```');
  expect(code('`x`')).toBe('`` `x` ``');
});

it('strips terminal sequences, control, bidirectional and zero-width characters', () => {
  expect(oneLine('\u001B[31mred\u001B[0m \u001B]0;title\u0007b\u0000\u202Ec\u200Bd\u009B\r\ne')).toBe('red bcd e');
  expect(fenced('a\u001B[2Jb\u202Ec\r\nd\te')).toBe('```text\nabc\nd    e\n```');
});

it('bounds every line and every quote', () => {
  expect(oneLine('x'.repeat(1000))).toHaveLength(300);
  expect(fenced('x'.repeat(10_000)).length).toBeLessThan(1_300);
  expect(fenced('line\n'.repeat(10_000)).length).toBeLessThan(4100);
});

it('takes the effect from Markdown and HTML in a heading', () => {
  expect(plain('[x](http://evil) <img src=x> **b**\n# h')).toBe(
    String.raw`\[x\](http://evil) \<img src=x\> \*\*b\*\* \# h`,
  );
});

it('keeps what is put into a command one word of the shell', () => {
  expect(show`kubectl get pod -n ${'shop'} ${"x; rm -rf '/'"}`).toBe(
    String.raw`${'`'}kubectl get pod -n shop 'x; rm -rf '\''/'\'''${'`'}`,
  );
});
