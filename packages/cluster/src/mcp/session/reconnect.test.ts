import { describe, expect, test } from 'vitest';
import { backoff, DEFAULT_RECONNECT } from './reconnect.ts';

describe('backoff', () => {
  test('doubles from one second to a minute', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8, 5000].map((failures) => backoff(failures, DEFAULT_RECONNECT, 0.5));
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test('varies by a tenth in either direction', () => {
    expect(backoff(1, DEFAULT_RECONNECT, 0)).toBeCloseTo(900);
    expect(backoff(1, DEFAULT_RECONNECT, 1)).toBeCloseTo(1100);
  });

  test('never exceeds the longest backoff, jitter included', () => {
    expect(backoff(20, DEFAULT_RECONNECT, 1)).toBe(60_000);
    expect(backoff(20, DEFAULT_RECONNECT, 0)).toBeCloseTo(54_000);
  });

  test('has no minimum above its maximum when both are configured alike', () => {
    expect(backoff(3, { ...DEFAULT_RECONNECT, initialBackoff: 500, maxBackoff: 500 }, 0.9)).toBe(500);
  });
});
