import { expect, test } from 'vitest';
import { livenessWithin } from './liveness.ts';

test('the default read timeout gives a probe every 30 s with 10 s to answer', () => {
  expect(livenessWithin(75_000)).toEqual({ interval: 30_000, timeout: 10_000, silence: 75_000 });
});

test.each([1_000, 5_000, 75_000, 600_000])(
  'a dead connection is detected within a read timeout of %i ms, jitter and confirmation included',
  (readTimeout) => {
    const { interval, timeout } = livenessWithin(readTimeout);
    expect(interval * 1.1 + 2 * timeout).toBeLessThanOrEqual(readTimeout);
  },
);
