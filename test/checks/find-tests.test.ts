import { expect, test } from 'vitest';
import { findTests } from '../../checks/source/find-tests.ts';

const titles = (source: string) =>
  findTests('a.test.ts', source).map(({ blocks, title, skipped }) =>
    [...blocks, title, ...(skipped ? ['skipped'] : [])].join(' > '),
  );

test.each([
  ["test('runs', () => {})", ['runs']],
  ["it('runs', { timeout: 1 }, () => {})", ['runs']],
  ["test.each([1, 2])('doubles %s', (n) => {})", ['doubles %s']],
  ["test.for([1])('doubles $n', () => {})", ['doubles $n']],
  [
    "describe('a', () => { describe.each(kinds)('b %s', () => { test('c', () => {}) }); test('d', () => {}) })",
    ['a > b %s > c', 'a > d'],
  ],
  ["const T = 'a queue'; test(`${T} is full${why ? '' : ` (skipped: ${why})`}`, () => {})", ['a queue is full']],
  ["test.concurrent('runs', () => {})", ['runs']],
  ["expect(contest('x')).toBe(1); latest.test('y'); test.each([1])", []],
])('finds the tests of %s', (source, expected) => {
  expect(titles(source)).toEqual(expected);
});

test.each([
  ["test.skip('a', () => {})", 'a'],
  ["test.todo('a')", 'a'],
  ["test.skip.each([1])('a', () => {})", 'a'],
  ["test('a', { skip: true }, () => {})", 'a'],
  ["test.fails('a', () => {})", 'a'],
  ["test.skipIf(!kubectl)('a', () => {})", 'a'],
  ["test.runIf(kubectl)('a', () => {})", 'a'],
  ["describe.skip('b', () => { test('a', () => {}) })", 'b > a'],
  ["describe.skipIf(x)('b', () => { test.each([1])('a', () => {}) })", 'b > a'],
])('%s proves nothing', (source, path) => {
  expect(titles(source)).toEqual([`${path} > skipped`]);
});

test.each([
  "test.skipIf(!kubectl)('a (needs kubectl)', () => {})",
  "test.skipIf(why)(`a${why ? ` (skipped: ${why})` : ''}`, () => {})",
  "const reason = why ? ` (skipped: ${why})` : ''; test.skipIf(why)(`a${reason}`, () => {})",
  "describe.skipIf(why).each([1])(`b${why ? ` (skipped: ${why})` : ''}`, () => { test('a', () => {}) })",
])('a conditional skip with a reason counts: %s', (source) => {
  expect(findTests('a.test.ts', source)).toMatchObject([{ skipped: undefined }]);
});
