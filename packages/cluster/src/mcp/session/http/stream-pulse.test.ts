import { expect, test } from 'vitest';
import { StreamPulse } from './stream-pulse.ts';

const LIMIT = 75_000;

test('a stream that never carried pings is never found silent', () => {
  const pulse = new StreamPulse();
  expect(pulse.isSilent(10_000_000, LIMIT)).toBe(false);
  pulse.activity(0);
  pulse.beat(1_000);
  expect(pulse.isSilent(10_000_000, LIMIT)).toBe(false);
});

test('a stream that carried pings is silent when nothing arrives within the limit', () => {
  const pulse = new StreamPulse();
  pulse.beat(0);
  pulse.beat(15_000);
  expect(pulse.isSilent(90_000, LIMIT)).toBe(false);
  expect(pulse.isSilent(90_001, LIMIT)).toBe(true);
  pulse.activity(90_000);
  expect(pulse.isSilent(90_001, LIMIT)).toBe(false);
});

test('a server that pings rarely is given several of its intervals', () => {
  const pulse = new StreamPulse();
  pulse.beat(0);
  pulse.beat(60_000);
  expect(pulse.isSilent(200_000, LIMIT)).toBe(false);
  expect(pulse.isSilent(240_001, LIMIT)).toBe(true);
});
