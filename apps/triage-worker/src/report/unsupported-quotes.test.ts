import { expect, it } from 'vitest';
import { quotedOutputs } from './quoted-output.ts';
import { squeeze, unsupportedQuotes } from './unsupported-quotes.ts';

const RECORDED = squeeze(
  [
    'NAME                    READY   STATUS             RESTARTS',
    'cart-7d4b9c-abcde       0/1     CrashLoopBackOff   12 (3m ago)',
    '2026-03-01T12:00:00Z panic: dial tcp 10.0.0.7:5432: connect: connection refused after a very long wait',
    '\u001B[31mcolour\u001B[0m in a log',
  ].join('\n'),
);
const unsupported = (report: string) => unsupportedQuotes(quotedOutputs(report), RECORDED);
const quote = (...lines: string[]): string => `# Evidence\n\n${['```', ...lines, '```'].join('\n')}\n`;

it.each([
  ['as it was', ['cart-7d4b9c-abcde       0/1     CrashLoopBackOff   12 (3m ago)']],
  ['with other white space', ['cart-7d4b9c-abcde 0/1 CrashLoopBackOff', '\t12 (3m ago)  ']],
  ['with something left out', ['panic: dial tcp ... connection refused', '...', '2026-03-01T12:00:00Z panic…']],
  ['with a remark', ['cart-7d4b9c-abcde  0/1  CrashLoopBackOff   <-- never ready']],
  ['without the colours of a terminal', ['colour in a log']],
  ['and no more than punctuation', ['---', '}']],
  ['of which every line is a command', ['$ kubectl get pods -A', 'kubectl logs nothing-like-it']],
])('a quote of what was recorded passes %s', (_, lines) => {
  expect(unsupported(quote(...lines))).toBeUndefined();
});

it('a quote with a line that occurs nowhere is counted, with that line', () => {
  const report = [
    quote('$ kubectl get pods', 'cart-7d4b9c-abcde 0/1 OOMKilled'),
    quote('NAME READY STATUS', 'exit code 137'),
    quote('cart-7d4b9c-abcde'),
  ].join('\n');
  expect(unsupported(report)).toEqual({
    count: 2,
    quotes: ['cart-7d4b9c-abcde 0/1 OOMKilled', 'exit code 137'],
  });
});

it('keeps a few short quotes of a report that makes up everything', () => {
  const report = Array.from({ length: 500 }, (_, at) => quote(`invented ${at} ${'😀'.repeat(5_000)}`)).join('\n');
  const found = unsupported(report);
  expect(found?.count).toBe(200);
  expect(found?.quotes).toHaveLength(5);
  for (const text of found?.quotes ?? []) {
    expect(text.length).toBeLessThanOrEqual(200);
    expect(text.isWellFormed()).toBe(true);
  }
});

it('a report without quotes has none that are unsupported', () => {
  expect(unsupported('# Title\n\nIt is broken, I say.')).toBeUndefined();
});

it('takes little time for a report that quotes without end', () => {
  const recorded = 'abcdefgh'.repeat(500_000);
  const lines = Array.from({ length: 20_000 }, (_, at) => `abcdefg${at}${' '.repeat(40)}x`);
  const quotes = [{ lines: [`a${' '.repeat(900_000)}b`] }, ...lines.map((line) => ({ lines: [line] }))];
  const begun = performance.now();
  expect(unsupportedQuotes(quotes, recorded)?.count).toBeGreaterThan(100);
  expect(performance.now() - begun).toBeLessThan(30_000);
});
