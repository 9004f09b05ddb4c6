import { expect, test } from 'vitest';
import { ageOf } from './age.ts';

const now = new Date('2026-03-10T00:00:00Z');
const before = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();

test.each([
  [0, '0s'],
  [119, '119s'],
  [200, '3m20s'],
  [540, '9m'],
  [3600, '60m'],
  [3 * 3600, '3h'],
  [5.5 * 3600, '5h30m'],
  [47 * 3600, '47h'],
  [50 * 3600, '2d2h'],
  [30 * 86_400, '30d'],
])('%d seconds ago is printed as %s', (seconds, text) => {
  expect(ageOf(before(seconds), now)).toBe(text);
});

test('no timestamp is an unknown age', () => {
  expect(ageOf('', now)).toBe('<unknown>');
});
