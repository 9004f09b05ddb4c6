import { expect, test } from 'vitest';
import { DEFAULT_RECONNECT, longestReconnectDelay, reconnectDelay } from './reconnect.ts';

test('a lost connection is retried after one second, doubling to a minute', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 5000].map((failures) => reconnectDelay(failures, DEFAULT_RECONNECT, 0.5));
  expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test('reconnect delays vary by the configured jitter and never exceed the maximum', () => {
  expect(reconnectDelay(1, DEFAULT_RECONNECT, 0)).toBe(900);
  expect(reconnectDelay(1, { ...DEFAULT_RECONNECT, jitter: 0.5 }, 1)).toBe(1500);
  expect(reconnectDelay(20, DEFAULT_RECONNECT, 1)).toBe(60_000);
});

test('a refused connection waits for the longest delay, spread downwards', () => {
  expect(longestReconnectDelay(DEFAULT_RECONNECT, 0)).toBe(60_000);
  expect(longestReconnectDelay(DEFAULT_RECONNECT, 1)).toBe(54_000);
});
