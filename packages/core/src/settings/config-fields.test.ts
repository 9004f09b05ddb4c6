import { validateHeaderValue } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import * as fc from 'fast-check';
import { formatSeconds, httpUrl, redisUrl, seconds, secret, secretUrl, wordList } from './config-fields.ts';
import { Secret } from './secret.ts';

const problemOf = (schema: z.ZodType, value: unknown): string | undefined =>
  schema.safeParse(value).error?.issues[0]?.message;

/** Whether node:http takes the text as the value of a header. */
function canBeSent(text: string): boolean {
  try {
    validateHeaderValue('authorization', text);
    return true;
  } catch {
    return false;
  }
}

describe('a secret', () => {
  test('loses the white space around it', () => {
    expect(secret().parse(' \tkey-1\r\n').reveal()).toBe('key-1');
  });

  test.each([
    ['a line break', 'one\ntwo', 'must be one line; it contains a line break'],
    ['a character that no header carries', 'kéy\u{1F511}', 'contains a character that an HTTP header cannot carry'],
    ['a control character', 'a\u0000b', 'contains a character that an HTTP header cannot carry'],
    ['nothing', '   ', 'must not be empty'],
  ])('with %s is refused, without repeating it', (_, value, message) => {
    expect(problemOf(secret(), value)).toBe(message);
  });

  test('is accepted exactly if a header can carry it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const parsed = secret().safeParse(value);
        fc.pre(value.trim() !== '');
        expect(parsed.success).toBe(canBeSent(value.trim()));
      }),
    );
  });

  test('that is an address is checked as one', () => {
    expect(secretUrl().parse(' https://hooks.example/x\n')).toBeInstanceOf(Secret);
    expect(problemOf(secretUrl(), 'hooks.example/x')).toBe('must be an http:// or https:// URL');
  });
});

describe('the address of a Redis', () => {
  test.each([
    'redis://localhost',
    'redis://:p%40ss@localhost:6379/2',
    'rediss://user:pass@redis.example:6380',
    'redis://[::1]:6379/0',
  ])('can be %s', (url) => {
    expect(redisUrl().parse(url)).toBe(url);
  });

  test.each([
    ['http://localhost', 'must be a redis:// or rediss:// URL'],
    ['redis://localhost:99999', 'must be a redis:// or rediss:// URL'],
    ['redis://host:port/0', 'must be a redis:// or rediss:// URL'],
    ['redis://', 'must be a redis:// or rediss:// URL'],
    ['redis:///0', 'must name a host: redis://HOST:PORT'],
    ['redis://localhost/first', 'must have a database number, or nothing, as its path'],
    ['redis://:100%@localhost', 'has a user or password that is not percent-encoded'],
  ])('cannot be %s', (url, message) => {
    expect(problemOf(redisUrl(), url)).toBe(message);
  });
});

test('an address has no user and no password', () => {
  expect(problemOf(httpUrl(), 'https://user:secret@host/')).toMatch(/without user and password/);
});

test('a duration survives being written and read', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer({ min: 1, max: 86_400 }), fc.constantFrom(0, 0.1, 0.25, 0.5)), (duration) => {
      expect(seconds(0, 86_400).parse(formatSeconds(duration))).toBe(duration);
    }),
  );
});

test('a list is split at commas, but not within parentheses', () => {
  expect(wordList().parse('Read, Bash(kubectl get:*, kubectl logs:*),Grep')).toEqual([
    'Read',
    'Bash(kubectl get:*, kubectl logs:*)',
    'Grep',
  ]);
});
