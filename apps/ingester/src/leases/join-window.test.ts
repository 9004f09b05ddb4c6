import { expect, test } from 'vitest';
import { JoinWindow } from './join-window.ts';

const LENGTH = 6_000;

test('takes a few clusters at once until no ingester has joined for a third of a lease', () => {
  const window = new JoinWindow(LENGTH);
  expect(window.limit(['me'], 0)).toBe(50);
  expect(window.limit(['me'], 1_999)).toBe(50);
  expect(window.limit(['me'], 2_000)).toBe(Infinity);
});

test('is longer when others join, and no longer than two thirds of a lease', () => {
  const window = new JoinWindow(LENGTH);
  window.limit(['me'], 0);
  window.limit(['me', 'second'], 1_500);
  expect(window.limit(['me', 'second'], 3_000)).toBe(50);
  window.limit(['me', 'second', 'third'], 3_400);
  expect(window.limit(['me', 'second', 'third'], 3_999)).toBe(50);
  expect(window.limit(['me', 'second', 'third'], 4_000)).toBe(Infinity);
});

test('does not delay what an ingester of long standing takes over, also when another one starts', () => {
  const window = new JoinWindow(LENGTH);
  window.limit(['me', 'second'], 0);
  expect(window.limit(['me'], 60_000)).toBe(Infinity);
  expect(window.limit(['me', 'third'], 61_000)).toBe(Infinity);
});
