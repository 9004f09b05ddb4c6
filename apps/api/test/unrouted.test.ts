import { exchange } from '../../../test/fixtures/raw-http.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { ApiFailure } from '@nightcrier/core/api/errors';
import { Secret } from '@nightcrier/core/settings/secret';
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
  ['a compressed body', send('{}', 'application/json', 'content-encoding: gzip\r\n'), 415, 'unsupported_media_type'],
  ['a method that a path lacks', get('/healthz').replace('GET', 'PUT'), 405, 'method_not_allowed'],
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

test.each([
  ['PUT', '/healthz', 'GET, HEAD'],
  ['DELETE', '/api/incidents/some-id?x=1', 'GET, HEAD'],
  ['OPTIONS', '/api/silences', 'GET, HEAD, POST'],
  ['PUT', '/mcp', 'DELETE, GET, POST'],
  ['PROPFIND', '/api/incidents', 'GET, HEAD'],
  ['POST', '/queues/', 'GET, HEAD'],
])('%s %s is answered with the methods of the path', async (method, path, allow) => {
  const response = await fetch(`${api.url}${path}`, { method });
  expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
});

test('a client without access is not shown which methods a path has', async () => {
  await using keyed = await openReadyApi(server.url, { accessKey: new Secret('correct horse') });
  const answers = ['/healthz', '/api/incidents', '/nowhere'].map(async (path) => {
    const { status, headers } = await fetch(`${keyed.url}${path}`, { method: 'PUT' });
    return [status, headers.get('allow')];
  });
  expect(await Promise.all(answers)).toEqual([
    [401, null],
    [401, null],
    [401, null],
  ]);
});
