import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { ApiFailure } from '@nightcrier/core/api/errors';
import { once } from 'node:events';
import { connect } from 'node:net';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiUnderTest, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
let api: ApiUnderTest;
beforeAll(async () => {
  server = await startRedisServer();
  api = await openReadyApi(server.url);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await server.stop();
});

/** Sends bytes, and returns all that comes back. */
async function exchange(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(bytes);
  const parts: Buffer[] = [];
  // The API may close the connection while it is still being sent to.
  socket.on('error', () => undefined);
  socket.on('data', (part) => parts.push(part));
  await once(socket, 'close');
  return Buffer.concat(parts).toString();
}

const get = (path: string, headers = ''): string =>
  `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${headers}\r\n`;

const send = (body: string, type = 'application/json', headers = ''): string =>
  `POST /api/silences HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: ${type}\r\n` +
  `content-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
/** Without the headers that every request has. */
const bare = (lines: string): string => `${lines}\r\nconnection: close\r\n\r\n`;

test.each([
  ['a malformed URL', get('/api/incidents/%zz'), 400, 'bad_request'],
  ['a parameter that is too long', get(`/api/incidents/${'x'.repeat(2_000)}`), 414, 'uri_too_long'],
  ['what is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 400, 'bad_request'],
  ['headers that are too large', get('/healthz', `x: ${'y'.repeat(40_000)}\r\n`), 431, 'headers_too_large'],
  ['an unknown route', get('/nowhere'), 404, 'not_found'],
  ['an unknown method', bare('BREW /api/incidents HTTP/1.1\r\nhost: localhost'), 400, 'bad_request'],
  ['a proxied connection', bare('CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443'), 400, 'bad_request'],
  ['a URL with a byte that is no text', get('/api/incidents/%ff'), 400, 'bad_request'],
  ['an id with a path', get('/api/incidents/..%2f..%2fetc'), 404, 'incident_not_found'],
  ['no Host', bare('GET /api/incidents HTTP/1.1'), 400, 'bad_request'],
  ['no Host, by HTTP/1.0', bare('GET /api/incidents HTTP/1.0'), 403, 'host_not_allowed'],
  ['two Hosts', get('/api/incidents', 'host: evil.example\r\n'), 400, 'bad_request'],
  ['a URL with another host', get('http://evil.example/api/incidents'), 400, 'bad_request'],
  ['a foreign Host', bare('GET /nowhere HTTP/1.1\r\nhost: evil.example'), 403, 'host_not_allowed'],
  ['a foreign Origin', get('/api/incidents', 'origin: https://evil.example\r\n'), 403, 'origin_not_allowed'],
  ['a body that is no JSON', send('{"a":'), 400, 'bad_request'],
  ['a body that sets a prototype', send('{"__proto__":{"a":1}}'), 400, 'bad_request'],
  ['a body of another type', send('<a/>', 'text/xml'), 415, 'unsupported_media_type'],
  [
    'a body that is too large',
    send('{}').replace('content-length: 2', 'content-length: 9999999'),
    413,
    'body_too_large',
  ],
  ['two lengths', send('{}', 'application/json', 'transfer-encoding: chunked\r\n'), 400, 'bad_request'],
  ['an unknown expectation', send('{}', 'application/json', 'expect: more\r\n'), 400, 'bad_request'],
])('%s is answered in the form of all errors, with the security headers', async (_, bytes, status, code) => {
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

test('a URL with the host of the request is answered as its path is', async () => {
  expect(await exchange(api.url, get('http://localhost/api/incidents'))).toMatch(/^HTTP\/1.1 200 /);
});
