import { expect, test } from 'vitest';
import { isRenewalDue, LONGEST_BLOCK_MS } from './stand-in.ts';

const loop = { blockedFor: 0, sinceRenewal: Infinity, length: 6_000 };

test('a thread renews nothing while the event loop runs', () => {
  expect(isRenewalDue({ ...loop, blockedFor: 1_000 })).toBe(false);
});

test('a thread renews a blocked loop before its leases expire, and then at the pace of the loop', () => {
  // The loop renewed up to a third of a lease before it was blocked.
  expect(isRenewalDue({ ...loop, blockedFor: loop.length - loop.length / 3 })).toBe(true);
  expect(isRenewalDue({ ...loop, blockedFor: 1_500 })).toBe(true);
  expect(isRenewalDue({ ...loop, blockedFor: 3_000, sinceRenewal: 1_500 })).toBe(false);
  expect(isRenewalDue({ ...loop, blockedFor: 3_500, sinceRenewal: 2_000 })).toBe(true);
});

test('a loop that is blocked for good loses its clusters to others', () => {
  expect(isRenewalDue({ ...loop, blockedFor: LONGEST_BLOCK_MS })).toBe(false);
});
