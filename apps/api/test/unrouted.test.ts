import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { ApiFailure } from '@nightcrier/core/api/errors';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openReadyApi } from './api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

/** Sends bytes, and returns all that comes back. */
async function exchange(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

const get = (path: string, headers = ''): string =>
  `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${headers}\r\n`;

test.each([
  ['a malformed URL', get('/api/incidents/%zz'), 400, 'bad_request'],
  ['a parameter that is too long', get(`/api/incidents/${'x'.repeat(2_000)}`), 414, 'uri_too_long'],
  ['what is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 400, 'bad_request'],
  ['headers that are too large', get('/healthz', `x: ${'y'.repeat(40_000)}\r\n`), 431, 'headers_too_large'],
  ['an unknown route', get('/nowhere'), 404, 'not_found'],
])('%s is answered in the form of all errors, with the security headers', async (_, bytes, status, code) => {
  await using api = await openReadyApi(server.url);
  const answer = await exchange(api.url, bytes);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head.toLowerCase()).toContain('x-content-type-options: nosniff');
  expect(head.toLowerCase()).toContain("frame-ancestors 'none'");
  expect(head.toLowerCase()).toContain('content-type: application/problem+json');
  expect(ApiFailure.parse(JSON.parse(body))).toMatchObject({
    type: `urn:nightcrier:error:${code}`,
    status,
    error: { code },
  });
});
