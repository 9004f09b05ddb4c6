import { expect, test } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

test('allows a burst at once, then the rate, and is full again after a while', () => {
  const bucket = new TokenBucket({ rate: 10, burst: 3 }, 0);
  expect(bucket.isFull(0)).toBe(true);
  for (let taken = 0; taken < 3; taken += 1) {
    expect(bucket.allows(0)).toBe(true);
    bucket.take(0);
  }
  expect(bucket.allows(99)).toBe(false);
  expect(bucket.allows(100)).toBe(true);
  bucket.take(100);
  expect(bucket.allows(150)).toBe(false);
  expect(bucket.isFull(390)).toBe(false);
  expect(bucket.isFull(400)).toBe(true);
});

test('saves nothing beyond its burst, and owes nothing when more happens than it allows', () => {
  const bucket = new TokenBucket({ rate: 1, burst: 2 }, 0);
  bucket.take(1_000_000);
  bucket.take(1_000_000);
  expect(bucket.allows(1_000_000)).toBe(false);
  bucket.giveBack(1_000_000);
  expect(bucket.allows(1_000_000)).toBe(true);
  for (let taken = 0; taken < 50; taken += 1) bucket.take(1_000_000);
  expect(bucket.allows(1_001_000)).toBe(true);
});
