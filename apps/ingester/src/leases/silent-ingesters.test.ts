import { expect, test } from 'vitest';
import { SilentIngesters, untilSilence } from './silent-ingesters.ts';

const LENGTH = 6_000;
const pulses = (now: number, runsUntil: Record<string, number>) => ({
  now,
  runsUntil: new Map(Object.entries(runsUntil)),
  connected: new Set<string>(),
});

/** An observer that has observed every half second, until 4,000. */
function steadyObserver(): SilentIngesters {
  const silent = new SilentIngesters('me', LENGTH);
  for (let now = 0; now <= 4_000; now += 500) silent.observe(pulses(now, { me: now + 2_000, other: now + 2_000 }));
  return silent;
}

test('an ingester is silent when its sign of life is over, and no more when it gives another one', () => {
  const silent = steadyObserver();
  expect([...silent.observe(pulses(4_500, { me: 6_500, other: 4_501 }))]).toEqual([]);
  expect([...silent.observe(pulses(4_501, { me: 6_501, other: 4_501 }))]).toEqual(['other']);
  expect([...silent.observe(pulses(5_000, { me: 7_000, other: 7_000 }))]).toEqual([]);
});

test('an ingester that gives no signs of life is not silent', () => {
  expect([...steadyObserver().observe(pulses(4_500, { me: 6_500 }))]).toEqual([]);
});

test('a silent ingester stays silent after its leases are over: what was begun to be watched is not dropped', () => {
  const silent = steadyObserver();
  for (let now = 4_500; now <= 4_500 + 2 * LENGTH; now += 500) {
    expect([...silent.observe(pulses(now, { me: now + 2_000, other: 4_500 }))]).toEqual(['other']);
  }
});

test('an observer never finds itself silent', () => {
  expect([...steadyObserver().observe(pulses(4_500, { me: 4_500, other: 6_000 }))]).toEqual([]);
});

test('after a stop of the observer or of Redis, the others have time for a sign of life', () => {
  const silent = steadyObserver();
  for (const now of [9_000, 9_500, 10_000, 10_500]) {
    expect([...silent.observe(pulses(now, { me: now + 2_000, other: 6_000 }))]).toEqual([]);
  }
  expect([...silent.observe(pulses(11_000, { me: 13_000, other: 6_000 }))]).toEqual(['other']);
});

test('a silent ingester stays silent over a stop of the observer', () => {
  const silent = steadyObserver();
  silent.observe(pulses(4_500, { me: 6_500, other: 4_500 }));
  expect([...silent.observe(pulses(8_000, { me: 10_000, other: 4_500 }))]).toEqual(['other']);
});

test('the next silence comes when the earliest sign of life is over', () => {
  expect(untilSilence(pulses(1_000, { me: 3_000, dead: 900, other: 2_500 }))).toBe(1_500);
  expect(untilSilence(pulses(1_000, {}))).toBe(Infinity);
});
