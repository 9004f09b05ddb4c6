import { expect, test } from 'vitest';
import { livenessWithin, PROBE_JITTER } from './probe-times.ts';

test('the default read timeout gives a probe every 37.5 s with 10 s to answer', () => {
  expect(livenessWithin(75_000, 60_000)).toMatchObject({ interval: 37_500, timeout: 10_000, silence: 75_000 });
});

test('within a minute after the last proof of sight, a list has failed twice', () => {
  const { proveInterval, proveTimeout, retry, proof, grain } = livenessWithin(75_000, 60_000);
  expect(proof).toBe(60_000);
  expect(proveInterval * (1 + PROBE_JITTER) + grain + proveTimeout + retry + grain + proveTimeout).toBeLessThan(proof);
});

test.each([1_000, 5_000, 75_000, 600_000])(
  'a dead connection is detected within a read timeout of %i ms, jitter, grain and confirmation included',
  (readTimeout) => {
    const { interval, timeout, grain } = livenessWithin(readTimeout, 60_000);
    expect(interval * (1 + PROBE_JITTER) + grain + 2 * timeout).toBeLessThanOrEqual(readTimeout);
  },
);
