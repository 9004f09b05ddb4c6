import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from './secret.ts';

test('Secret shows its value to reveal alone', () => {
  const secret = new Secret('hunter2');
  const shown = [
    String(secret),
    'key: '.concat(String(secret)),
    JSON.stringify({ secret }),
    inspect({ secret }),
    JSON.stringify(Object.entries(secret)),
  ];
  expect(shown.join()).not.toContain('hunter2');
  expect(secret.reveal()).toBe('hunter2');
});
