import { expect, test } from 'vitest';
import { fillPlaceholders } from './placeholders.ts';

const values = { variables: { name: 'web' }, seed: 'a', now: new Date('2026-03-01T12:00:00.250Z') };

test('fills variables and generated values in keys, values and lists', () => {
  const filled = fillPlaceholders({ '${name}': ['pod ${name}-${id:pod}', 3, null] }, values);
  expect(filled).toEqual({ web: [expect.stringMatching(/^pod web-[a-z0-9]{5}$/), 3, null] });
});

test('gives the same values for the same seed and others for another', () => {
  const text = '${uid:pod} ${hash:rs} ${ip:pod} ${sha:image}';
  expect(fillPlaceholders(text, values)).toBe(fillPlaceholders(text, values));
  expect(fillPlaceholders(text, { ...values, seed: 'b' })).not.toBe(fillPlaceholders(text, values));
  expect(fillPlaceholders('${uid:pod}', values)).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-a[\da-f]{3}-[\da-f]{12}$/);
});

test('writes times as the API server does', () => {
  expect(fillPlaceholders('${ago:90s}', values)).toBe('2026-03-01T11:58:30Z');
  expect(fillPlaceholders('${agoMicros:2d}', values)).toBe('2026-02-27T12:00:00.250482Z');
});

test.each(['${unknown}', '${nothing:x}', '${ago:soon}'])('refuses %s and names it', (text) => {
  expect(() => fillPlaceholders(text, values)).toThrow(/unknown|nothing|soon/);
});
