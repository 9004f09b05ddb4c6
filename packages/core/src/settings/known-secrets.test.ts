import { expect, test } from 'vitest';
import { Settings } from './config.ts';
import { ClusterConfig } from '../clusters/cluster-config.ts';
import { hideSecrets, hideSecretsIn, rememberSecret, rememberSecretsOf, startWithoutSecrets } from './known-secrets.ts';
import { Secret } from './secret.ts';

test('a secret is hidden wherever a text repeats it, and everything else remains', () => {
  const secret = new Secret('tr0ub4dor&3');
  expect(hideSecrets(`"Bearer ${secret.reveal()}" is an invalid header value; sent ${secret.reveal()}.`)).toBe(
    '"Bearer [secret]" is an invalid header value; sent [secret].',
  );
});

const ODD = `a"b\\c&<d'+/>e.f-9`;
test.each([
  ['in JSON', JSON.stringify({ key: ODD })],
  [
    'in JSON as Go writes it',
    JSON.stringify({ key: ODD }).replaceAll('&', '\\u0026').replaceAll('<', '\\u003c').replaceAll('>', '\\u003e'),
  ],
  ['in HTML', '<pre>a&quot;b\\c&amp;&lt;d&#39;+/&gt;e.f-9</pre>'],
  ['in base64', Buffer.from(ODD).toString('base64')],
  ['in a URL', `/api?key=${encodeURIComponent(ODD)}`],
  [
    'in a URL with small digits',
    `/api?key=${encodeURIComponent(ODD).replaceAll(/%../g, (code) => code.toLowerCase())}`,
  ],
  ['in a form', new URLSearchParams({ key: ODD }).toString()],
])('it is hidden %s', (_, text) => {
  rememberSecret(ODD);
  expect(hideSecrets(text)).toContain('[secret]');
  expect(hideSecrets(text)).not.toContain('f-9');
});

test.each(['', 'a', 'ab', 'abc', 'name of a user'])('in base64, it is hidden behind %j', (before) => {
  const secret = 'planted-password-41';
  rememberSecret(secret);
  for (const encoding of ['base64', 'base64url'] as const) {
    const hidden = hideSecrets(Buffer.from(`${before}:${secret}`).toString(encoding));
    const [start = '', end = '', ...others] = hidden.split('[secret]');
    expect([hidden, others]).toEqual([expect.stringContaining('[secret]'), []]);
    // At most the bits that share a digit with what is around it.
    expect(Buffer.from(start, 'base64').toString()).not.toContain('pl');
    expect(end.replaceAll('=', '').length).toBeLessThanOrEqual(1);
  }
});

test('the credential of a header is hidden without its scheme', () => {
  rememberSecret('Bearer planted-bearer-token');
  expect(hideSecrets('the token planted-bearer-token has expired')).toBe('the token [secret] has expired');
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

test('of a secret at which a text is cut, nothing is left', () => {
  const secret = 'planted-at-the-cut-'.repeat(20);
  rememberSecret(secret);
  for (const rest of ['', 'x'.repeat(100_000), secret.repeat(100)]) {
    for (const before of [0, 90, 100]) {
      const start = startWithoutSecrets(`${'x'.repeat(before)}${secret}${rest}`, 100);
      expect(start.length).toBeLessThanOrEqual(100);
      expect(start).not.toContain('planted');
      expect(start).toContain('x'.repeat(before));
    }
  }
});
