import { expect, test } from 'vitest';
import { wakeTime } from './wake-time.ts';

test.each([
  [1_000.2, 1_500],
  [1_499.9, 1_500],
  [1_500, 1_500],
  [Infinity, Infinity],
])('what is due at %d is done with what else is due in its half second', (at, wakeAt) => {
  expect(wakeTime(at, 500)).toBe(wakeAt);
});
