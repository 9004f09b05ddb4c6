import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { redactText } from './redact-text.ts';

/** Returns deterministic random-looking text. Source scanners would report real-looking tokens in this file. */
function letters(length: number, alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'): string {
  const digests = Array.from({ length: Math.ceil(length / 64) }, (_, index) =>
    createHash('sha512').update(`${length} ${index}`).digest(),
  );
  const characters = Array.from(Buffer.concat(digests), (byte) => alphabet.charAt(byte % alphabet.length));
  return characters.slice(0, length).join('');
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const DIGITS = '0123456789';
const jwt = `eyJhbGciOiJIUzI1NiJ9.eyJ${letters(40)}.${letters(43)}`;

describe('a token in a log is redacted', () => {
  it.each<[string, string]>([
    ['GitHub', `ghp_${letters(36)}`],
    ['GitHub, fine-grained', `github_pat_${letters(22)}_${letters(59)}`],
    ['GitLab', `glpat-${letters(20)}`],
    ['npm', `npm_${letters(36)}`],
    ['Slack', `xoxb-${letters(12, DIGITS)}-${letters(13, DIGITS)}-${letters(24)}`],
    ['Anthropic', `sk-ant-api03-${letters(93)}AA`],
    ['OpenAI', `sk-${letters(20)}T3BlbkFJ${letters(20)}`],
    ['SendGrid', `SG.${letters(22)}.${letters(43)}`],
    ['Vault', `hvs.${letters(90)}`],
    ['AWS', `AKIA${letters(16, UPPER)}`],
    ['Stripe', `sk_live_${letters(24)}`],
    ['Google', `AIza${letters(35)}`],
    ['a JSON Web Token', jwt],
  ])('%s', async (_, token) => {
    const line = `2026-01-02T03:04:05Z ERROR request with ${token} was refused`;
    expect(await redactText(`before\n${line}\nafter`)).toBe(
      'before\n2026-01-02T03:04:05Z ERROR request with [redacted] was refused\nafter',
    );
  });
});

describe('a value with a secret-looking name is redacted, and its name remains', () => {
  it.each([
    ['DB_PASSWORD=hunter2 retries=3', 'DB_PASSWORD=[redacted] retries=3'],
    ['connecting with password="correct horse" to db', 'connecting with password="[redacted]" to db'],
    ['{"apiKey":"a1b2c3","user":"app"}', '{"apiKey":"[redacted]","user":"app"}'],
    [String.raw`msg="{\"client_secret\":\"a1b2c3\"}"`, String.raw`msg="{\"client_secret\":\"[redacted]\"}"`],
    ['aws_secret_access_key = wJalrXUtnFEMI/K7MDENG', 'aws_secret_access_key = [redacted]'],
    ['Server=db;User Id=app;Password=pw1;Timeout=5', 'Server=db;User Id=app;Password=[redacted];Timeout=5'],
    ['GET /login?user=a&token=abc&page=2', 'GET /login?user=a&token=[redacted]&page=2'],
    ['password: s3cr3t-pw', 'password: [redacted]'],
    ['--db-password=pw --port=5', '--db-password=[redacted] --port=5'],
  ])('%s', async (text, expected) => {
    expect(await redactText(text)).toBe(expected);
  });
});

describe('user, host and scheme remain beside a secret', () => {
  it.each([
    [
      'dial postgres://app:pw@db.shop:5432/orders: refused',
      'dial postgres://app:[redacted]@db.shop:5432/orders: refused',
    ],
    ['redis://:pw@cache:6379/0', 'redis://:[redacted]@cache:6379/0'],
    [`Authorization: Bearer ${jwt}`, 'Authorization: Bearer [redacted]'],
    ['authorization: Basic YXBwOmh1bnRlcjI=aaa', 'authorization: Basic [redacted]'],
  ])('%s', async (text, expected) => {
    expect(await redactText(text)).toBe(expected);
  });
});

describe('a private key is redacted', () => {
  const lines = Array.from({ length: 12 }, () => letters(64));
  const [begin, end] = ['-----BEGIN RSA PRIVATE KEY-----', '-----END RSA PRIVATE KEY-----'];

  it.each<[string, string]>([
    ['whole', ['start', begin, ...lines, end, 'done'].join('\n')],
    ['in one line of JSON', ['start', begin, ...lines, end, 'done'].join(String.raw`\n`)],
    ['cut off at its end', ['start', begin, ...lines].join('\n')],
    ['cut off at its start', [...lines, end, 'done'].join('\n')],
  ])('%s', async (_, text) => {
    const redacted = await redactText(text);
    expect(redacted).toContain('[redacted]');
    expect(redacted).not.toContain(letters(64));
    expect(redacted.includes('start')).toBe(text.includes('start'));
    expect(redacted.includes('done')).toBe(text.includes('done'));
  });
});

describe('text that is no secret remains', () => {
  it.each([
    `image: nginx@sha256:${letters(64, '0123456789abcdef')}`,
    'pod uid b0a4cf4c-6a3f-4f26-8b0e-5a0f2f1d9c11',
    `commit ${letters(40, '0123456789abcdef')} deployed`,
    'FATAL: password authentication failed for user "app"',
    'Error: secret "db-credentials" not found',
    "couldn't find key password in Secret shop/db-credentials",
    'SyntaxError: Unexpected token: }',
    'invalid token: unexpected end of input',
    'max_tokens=4096 token_count=17',
    'automountServiceAccountToken: false',
    'secretName: tls-2026-shop',
    'secret:\n  secretName: tls1234',
    'PWD=/srv/app1',
    'password=$(DB_PASSWORD)',
    'api_key=null',
    'http://shop.example:8080/orders?page=2',
    'basic understanding of authentication',
    'DB_PASSWORD is not set',
    'panic: runtime error: index out of range [5] with length 3',
  ])('%s', async (text) => {
    expect(await redactText(text)).toBe(text);
  });
});

it('is not disabled by a secretlint comment', async () => {
  const text = `# secretlint-disable\nghp_${letters(36)}`;
  expect(await redactText(text)).toBe('# secretlint-disable\n[redacted]');
});

it.each([
  `DB_PASSWORD=a postgres://u:p@db/x Bearer ${jwt} ghp_${letters(36)}`,
  'password=\\"-----BEGIN RSA PRIVATE KEY-----\\"',
  'password=https://a:password=https://a:',
])('is idempotent: %s', async (text) => {
  const once = await redactText(text);
  expect(await redactText(once)).toBe(once);
});
