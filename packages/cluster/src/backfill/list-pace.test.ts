import { expect, test } from 'vitest';
import { ListPace } from './list-pace.ts';

test('a few clusters begin at once, many are spread over time, and a quiet time makes room again', () => {
  let now = 1_000;
  const pace = new ListPace(() => now);
  for (let cluster = 0; cluster < 20; cluster += 1) expect(pace.tryTake(10)).toBe(true);
  expect(pace.tryTake(10)).toBe(false);
  expect(pace.reserve(25)).toBe(1_000);
  expect(pace.reserve(10)).toBe(2_000);
  expect(pace.reserve(15)).toBe(2_000);
  now += 60_000;
  expect(pace.tryTake(200)).toBe(true);
  expect(pace.tryTake(1)).toBe(false);
});
