import { expect, test } from 'vitest';
import { Settings } from './config.ts';
import { ClusterConfig } from '../clusters/cluster-config.ts';
import { hideSecrets, hideSecretsIn, rememberSecret, rememberSecretsOf } from './known-secrets.ts';
import { Secret } from './secret.ts';

test('a secret is hidden wherever a text repeats it, and everything else remains', () => {
  const secret = new Secret('tr0ub4dor&3');
  expect(hideSecrets(`"Bearer ${secret.reveal()}" is an invalid header value; sent ${secret.reveal()}.`)).toBe(
    '"Bearer [secret]" is an invalid header value; sent [secret].',
  );
});

test.each([
  ['in JSON', JSON.stringify({ key: 'a"b\\cdef9' })],
  ['in base64', Buffer.from('a"b\\cdef9').toString('base64')],
  ['in a URL', `/api?key=${encodeURIComponent('a"b\\cdef9')}`],
])('it is hidden %s', (_, text) => {
  rememberSecret('a"b\\cdef9');
  expect(hideSecrets(text)).toContain('[secret]');
  expect(hideSecrets(text)).not.toContain('cdef9');
});

test('user and password of a URL are hidden as they are sent in a header', () => {
  rememberSecretsOf('http://bob:f0r-the-proxy@proxy.example:3128');
  expect(hideSecrets(`Basic ${Buffer.from('bob:f0r-the-proxy').toString('base64')}`)).toBe('Basic [secret]');
});

test('of two secrets that begin in the same way, each is hidden whole', () => {
  rememberSecret('prefix-of-both');
  rememberSecret('prefix-of-both-and-more');
  expect(hideSecrets('prefix-of-both-and-more prefix-of-both')).toBe('[secret] [secret]');
});

test('a value that is too short, because it also occurs in ordinary text, is not replaced', () => {
  rememberSecret('info');
  expect(hideSecrets('level info')).toBe('level info');
});

test('the password of the Redis URL and keys in the URL of an MCP server are known', () => {
  Settings.parse({ redis: { url: 'redis://app:p%40ss-of-redis@cache:6379' } });
  ClusterConfig.parse({ name: 'west', mcp: { endpoint: 'http://mcp/?key=in-the-endpoint-1&page=22222222' } });
  expect(hideSecrets('p@ss-of-redis p%40ss-of-redis in-the-endpoint-1 22222222')).toBe(
    '[secret] [secret] [secret] 22222222',
  );
});

test('the path of a secret URL is hidden, as servers repeat it, and that of one that tells nothing remains', () => {
  rememberSecret('https://hooks.example.com/services/T0123/B0123/in-the-path');
  rememberSecret('https://alerts.example.com/api/v2/alerts');
  expect(hideSecrets('cannot POST /services/T0123/B0123/in-the-path, GET /api/v2/alerts')).toBe(
    'cannot POST [secret], GET /api/v2/alerts',
  );
});

test('many secrets take no longer than few', () => {
  for (let index = 0; index < 10_000; index += 1) rememberSecret(`secret-${index}-of-many`);
  expect(hideSecrets(`${'x'.repeat(10_000)} secret-77-of-many`)).toBe(`${'x'.repeat(10_000)} [secret]`);
});

test('in a value, texts are replaced, and names of fields stay', () => {
  rememberSecret('warnings');
  expect(hideSecretsIn({ warnings: ['the warnings of a cluster'], count: 1, none: undefined })).toEqual({
    warnings: ['the [secret] of a cluster'],
    count: 1,
    none: undefined,
  });
});
