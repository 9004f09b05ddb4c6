import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApiFailure } from '@nightcrier/core/api/errors';
import { exchange } from '../../../../test/fixtures/raw-http.ts';
import { startRedisServer } from '../../../../test/fixtures/redis-server.ts';
import { expect, onTestFinished, test } from 'vitest';
import { clusterConfig, configOf, simulate, useRedis } from '../ingester.fixture.ts';
import { alertOf, alertState, patient, startReceiver } from './alerts.fixture.ts';

useRedis();

const KEY = 'a-key-of-sixteen-characters';

async function receiver(settings: Record<string, unknown> = {}, others: Record<string, unknown> = {}) {
  const cluster = await simulate();
  const config = configOf([await clusterConfig(cluster)], { alerts: { port: 0, ...settings }, ...others });
  return { config, ...(await startReceiver(config)), ...alertState(config) };
}

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

test('with a key or a password, only senders that have it are heard', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-alerts-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'password');
  await writeFile(file, 'the-password-of-prometheus\n');
  await chmod(file, 0o600);
  const { post, counts } = await receiver({ access_key: KEY, username: 'prom', password_file: file });
  const status = async (headers: Record<string, string>) => (await post([alertOf({ pod: 'p' })], { headers })).status;
  expect(await status({})).toBe(401);
  expect(await status({ authorization: 'Bearer other' })).toBe(401);
  expect(await status({ authorization: 'Basic %%%' })).toBe(401);
  expect(await status(basic('prom', KEY))).toBe(401);
  expect(await status(basic('', 'the-password-of-prometheus'))).toBe(401);
  expect(await status(basic('other', 'the-password-of-prometheus'))).toBe(401);
  expect(await counts()).toEqual({});
  expect(await status({ authorization: `Bearer ${KEY}` })).toBe(200);
  expect(await status(basic('prom', 'the-password-of-prometheus'))).toBe(200);
  // A rotated password takes effect.
  await writeFile(file, 'another-password-of-prometheus');
  expect(await status(basic('prom', 'the-password-of-prometheus'))).toBe(401);
  expect(await status(basic('prom', 'another-password-of-prometheus'))).toBe(200);
  // A file that is gone lets nobody in, and senders keep their alerts.
  await rm(file);
  expect(await status(basic('prom', ''))).toBe(503);
});

test('after many wrong keys an address waits, and the right key is accepted nevertheless', async () => {
  const { post, counts } = await receiver({ access_key: KEY });
  const send = async (key: string) => post([alertOf({ pod: 'p' })], { headers: { authorization: `Bearer ${key}` } });
  let answer = await send('wrong');
  for (let sent = 1; sent < 500 && answer.status === 401; sent += 1) answer = await send('wrong');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^[1-9]\d*$/)]);
  expect(ApiFailure.parse(await answer.json()).error.code).toBe('too_many_wrong_keys');
  expect(await counts()).toEqual({});
  expect((await send(KEY)).status).toBe(200);
});

test('every failure has the form of all failures, and every answer the security headers', async () => {
  const { url } = await receiver({ access_key: KEY });
  const send = (headers: string, body = '[]', path = '/api/v2/alerts'): string =>
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer ${KEY}\r\n` +
    `content-type: application/json\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;
  const requests: Array<[request: string, status: number, code?: string]> = [
    ['GET /-/healthy HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n', 200],
    [send('expect: more\r\n'), 200],
    [send('', '{"alerts":1}'), 400, 'bad_request'],
    [send('content-encoding: gzip\r\n'), 415, 'unsupported_media_type'],
    [send('origin: https://evil.example\r\n'), 403, 'origin_not_allowed'],
    [send('').replace(KEY, 'wrong'), 401, 'unauthorized'],
    [send('', '[]', '/nowhere'), 404, 'not_found'],
    [send('', '[]', '/clusters/%zz/webhook'), 400, 'bad_request'],
    [send(`x: ${'y'.repeat(40_000)}\r\n`), 431, 'headers_too_large'],
    [send('host: other\r\n'), 400, 'bad_request'],
    ['POST /webhook HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'bad_request'],
    ['CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n', 400, 'bad_request'],
    ['SSH-2.0-OpenSSH_9.2\r\n\r\n', 400, 'bad_request'],
  ];
  for (const [request, status, code] of requests) {
    const answer = await exchange(url, request);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head.toLowerCase()).toContain('x-content-type-options: nosniff');
    if (code === undefined) continue;
    expect(head.toLowerCase()).toContain('content-type: application/problem+json');
    expect(ApiFailure.parse(JSON.parse(body))).toMatchObject({ status, error: { code } });
  }
});

test('a web page cannot send alerts', async () => {
  const { post } = await receiver();
  expect((await post([alertOf({ pod: 'p' })], { headers: { origin: 'https://evil.example' } })).status).toBe(403);
  expect((await post([alertOf({ pod: 'p' })], { headers: { 'content-type': 'text/plain' } })).status).toBe(415);
});

test.each([
  ['text', 'not json', 400],
  ['a torn body', '[{"labels":', 400],
  ['an object of no known format', '{"alerts":[]}', 400],
  ['null', 'null', 400],
  ['a list of a list', '[[]]', 400],
  ['labels of wrong types', '[{"labels":{"alertname":1}}]', 400],
  ['names of the prototype', '[{"labels":{"__proto__":{"a":"b"},"constructor":{"prototype":{}}}}]', 400],
  ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, 400],
])('%s is refused for good, and the next request is handled', async (_, body, status) => {
  const { post, incidents, counts } = await receiver();
  expect((await post(body)).status).toBe(status);
  expect((await post([alertOf({ deployment: 'storefront' })])).status).toBe(200);
  expect(await incidents()).toHaveLength(1);
  expect(await counts()).toMatchObject({ fired: 1 });
});

test('of a list with a malformed alert, the others are admitted', async () => {
  const { post, incidents, counts } = await receiver();
  const answer = await post([{ labels: 7 }, alertOf({ deployment: 'storefront' })]);
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('alert 0')]);
  expect(await incidents()).toHaveLength(1);
  expect(await counts()).toEqual({ fired: 1, malformed: 1 });
});

test('a body beyond the bound is refused before it is read', async () => {
  const { post, url } = await receiver({ max_body_bytes: 20_000 });
  expect((await post([alertOf({ pod: 'p', big: 'x'.repeat(30_000) })])).status).toBe(413);
  // Announced in chunks, without a length, and never ending.
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => undefined);
  const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
  socket.write(
    'POST /api/v2/alerts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  for (let sent = 0; sent < 30; sent += 1) socket.write(`3e8\r\n${' '.repeat(1000)}\r\n`);
  expect(await answer).toContain('413');
  socket.destroy();
  await closed;
});

test('while Redis is unreachable the sender keeps its alerts, and one that is sent again counts once', async () => {
  const own = await startRedisServer();
  const cluster = await simulate();
  const base = configOf([await clusterConfig(cluster)], { alerts: { port: 0 } });
  const config = { ...base, redis: { ...base.redis, url: own.url } };
  const { post, lines } = await startReceiver(config);
  await own.stop();
  const answer = await post([alertOf({ deployment: 'storefront' })]);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  expect(lines.map(({ message }) => message)).toContain('alerts not admitted; their sender repeats them');

  const again = await startRedisServer({ port: Number(new URL(own.url).port) });
  onTestFinished(() => again.stop());
  const alert = alertOf({ deployment: 'storefront' });
  await expect.poll(async () => (await post([alert])).status, patient).toBe(200);
  expect((await post([alert])).status).toBe(200);
  const { alerts } = alertState(config);
  expect(await alerts()).toHaveLength(1);
});
