import { describe, expect, test } from 'vitest';
import { dueTogether, listsAtOnce } from './liveness.ts';

describe('dueTogether', () => {
  const intervals = { interval: 40, proveInterval: 40 };

  test.each([
    ['nothing before the first is due', { probeAt: 100, proveAt: 101 }, { probe: false, proof: false }],
    ['the proof that is due soon goes with the probe', { probeAt: 99, proveAt: 109 }, { probe: true, proof: true }],
    ['the probe that is due soon goes with the proof', { probeAt: 109, proveAt: 99 }, { probe: true, proof: true }],
    ['what is due much later waits', { probeAt: 99, proveAt: 110 }, { probe: true, proof: false }],
  ])('%s', (_, times, due) => {
    expect(dueTogether(times, intervals, 99)).toEqual(due);
  });
});

test.each([
  [true, false, true],
  [true, true, false],
  [false, false, false],
])('where Events are compared (%j), they are listed at once unless many clusters connect (%j): %j', (...given) => {
  const [listsEvents, isCrowded, atOnce] = given;
  expect(listsAtOnce({ listsEvents, isCrowded })).toBe(atOnce);
});
