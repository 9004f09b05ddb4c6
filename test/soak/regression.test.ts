import { expect, test } from 'vitest';
import { randomFrom } from '../chaos/schedule.ts';
import { slopeOf } from './regression.ts';

const noisy = (slope: number, noise: number) => {
  const random = randomFrom(1);
  return Array.from({ length: 200 }, (_, at) => [at / 10, 100 + (slope * at) / 10 + noise * (random() - 0.5)] as const);
};

test('slopeOf finds a growth within its interval, and none where there is noise alone', () => {
  const grows = slopeOf(noisy(2, 5));
  expect(grows.low).toBeGreaterThan(1.5);
  expect(grows.low).toBeLessThan(2);
  expect(grows.high).toBeGreaterThan(2);
  const still = slopeOf(noisy(0, 5));
  expect(still.low).toBeLessThan(0);
  expect(still.high).toBeGreaterThan(0);
});

test('slopeOf is exact for a line, and knows nothing of two samples', () => {
  const { per_minute, low, high } = slopeOf([
    [0, 1],
    [1, 3],
    [2, 5],
  ]);
  expect([per_minute, low, high]).toEqual([2, 2, 2]);
  expect(
    slopeOf([
      [0, 1],
      [1, 3],
    ]).high,
  ).toBe(Number.POSITIVE_INFINITY);
});

test('samples that resemble their neighbours give a wider interval', () => {
  const wave = Array.from({ length: 200 }, (_, at) => [at / 10, Math.sin(at / 30)] as const);
  const shuffled = wave.map(([time], at) => [time, wave[(at * 73) % 200]?.[1] ?? 0] as const);
  const width = ({ low, high }: { low: number; high: number }) => high - low;
  expect(width(slopeOf(wave))).toBeGreaterThan(3 * width(slopeOf(shuffled)));
});
