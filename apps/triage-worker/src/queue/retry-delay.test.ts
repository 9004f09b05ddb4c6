import { expect, it } from 'vitest';
import { retryDelay } from './retry-delay.ts';

const policy = { maxAttempts: 20, initial: 5_000, max: 60_000, random: () => 0.5 };

it('doubles up to the longest delay', () => {
  expect([1, 2, 3, 4, 5, 20].map((attempts) => retryDelay(attempts, policy))).toEqual([
    5_000, 10_000, 20_000, 40_000, 60_000, 60_000,
  ]);
});

it('spreads retries by a tenth either way', () => {
  expect(retryDelay(1, { ...policy, random: () => 0 })).toBe(4_500);
  expect(retryDelay(1, { ...policy, random: () => 0.999_99 })).toBe(5_500);
});
