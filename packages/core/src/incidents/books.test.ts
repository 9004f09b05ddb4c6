import { expect, test } from 'vitest';
import { auditBooks, type BookPage, emptyPage } from './books.ts';

const page = (entries: Partial<BookPage>): BookPage => ({ ...emptyPage(), ...entries });

test('books balance when every fault has an outcome and every queued incident a state', () => {
  const a = page({ received: 9, queued: 6, deduplicated: 1, grouped: 1, rejected: 1, resent: 5 });
  Object.assign(a, { waiting: 1, delayed: 1, active: 1, finished: 1, dropped: 1, expired: 1 });
  const b = page({ received: 2, filtered: 1, lost: 1 });
  const total = page({ ...a, received: 11, filtered: 1, lost: 1 });
  expect(auditBooks({ total, clusters: { a, b } })).toMatchObject({ balanced: true, off: [] });
});

test('an equation that does not hold is reported with its cluster and the numbers', () => {
  const a = page({ received: 3, queued: 2, waiting: 1 });
  const { balanced, off } = auditBooks({ total: a, clusters: { a } });
  expect(balanced).toBe(false);
  expect(off).toContainEqual(expect.stringMatching(/^a: received is 3, but queued 2 \+ .* is 2$/));
  expect(off).toContainEqual(expect.stringMatching(/^all clusters: queued is 2, but waiting 1 \+ .* is 1$/));
});

test('clusters that do not add up to the total are reported', () => {
  const a = page({ received: 1, filtered: 1 });
  const total = page({ received: 2, filtered: 2 });
  expect(auditBooks({ total, clusters: { a } }).off).toContain('all clusters: filtered is 2, and 1 by its clusters');
});
