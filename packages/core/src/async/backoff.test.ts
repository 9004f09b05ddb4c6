import { describe, expect, test } from 'vitest';
import { backoff, withJitter } from './backoff.ts';

describe('backoff', () => {
  const policy = { initial: 1_000, max: 60_000 };

  test.each([
    [0, 1_000],
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [6, 32_000],
    [7, 60_000],
    [5_000, 60_000],
  ])('after %i failures is %i ms', (failures, wait) => {
    expect(backoff(failures, policy, 0.5)).toBe(wait);
  });

  test.each([
    { random: 0, wait: 900 },
    { random: 0.25, wait: 950 },
    { random: 1, wait: 1_100 },
  ])('varies by a tenth: $wait ms for random $random', ({ random, wait }) => {
    expect(backoff(1, policy, random)).toBe(wait);
  });

  test('never exceeds the maximum, jitter included', () => {
    expect(backoff(20, policy, 1)).toBe(60_000);
    expect(backoff(20, policy, 0)).toBe(54_000);
    expect(backoff(3, { initial: 500, max: 500 }, 0.9)).toBe(500);
  });

  test('follows the multiplier and the jitter of its policy', () => {
    expect(backoff(3, { initial: 100, max: 10_000, multiplier: 3, jitter: 0 }, 1)).toBe(900);
    expect(backoff(1, { initial: 100, max: 10_000, jitter: 0.5 }, 0)).toBe(50);
  });

  test('is a whole number of milliseconds', () => {
    expect(backoff(1, { initial: 333, max: 1_000 }, 0.123)).toBe(308);
  });
});

test('jitter of 0.5 at random leaves a value as it is', () => {
  expect(withJitter(80, 0.2, 0.5)).toBe(80);
  expect(withJitter(80, 0.2, 0)).toBe(64);
});
