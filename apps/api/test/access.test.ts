import { Secret } from '@nightcrier/core/settings/secret';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failure, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const accessKey = new Secret('correct horse');

/** The status of a request with a Host header of its own, which fetch does not send. */
async function statusWithHost(url: string, host: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const sent = request(url, { headers: { host } }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  sent.on('error', reject);
  sent.end();
  return promise;
}

describe('startApi', () => {
  test.each(['0.0.0.0', '::', '192.0.2.7', 'nightcrier.example'])('refuses %s without an access key', async (host) => {
    await expect(openReadyApi(server.url, { host })).rejects.toThrow(
      new RegExp(`^api\\.host ${host.replaceAll('.', '\\.')} .*set api\\.access_key .*or set api\\.allow_anonymous`),
    );
  });

  test('listens beyond loopback with an access key, or with allow_anonymous', async () => {
    await using keyed = await openReadyApi(server.url, { host: '0.0.0.0', accessKey });
    const { port } = new URL(keyed.url);
    expect((await fetch(`http://127.0.0.1:${port}/health/clusters`)).status).toBe(401);
    await using open = await openReadyApi(server.url, { host: '0.0.0.0', allowAnonymous: true });
    const openUrl = `http://127.0.0.1:${new URL(open.url).port}`;
    expect(await statusWithHost(`${openUrl}/health/clusters`, '127.0.0.1')).toBe(200);
  });

  test.each([
    ['nightcrier.example', 200],
    ['nightcrier.example:8080', 200],
    ['192.0.2.7:8080', 200],
    ['[2001:db8::1]:8080', 200],
    ['localhost:8080', 200],
    ['api:8080', 200],
    ['api.nightcrier.svc', 200],
    ['rebound.attacker.example', 403],
    ['192.0.2.7.attacker.example', 403],
    ['api.nightcrier.svc.attacker.example', 403],
  ])('open to everybody beyond loopback, it answers requests for %s with %i', async (host, status) => {
    await using api = await openReadyApi(server.url, {
      host: '0.0.0.0',
      allowAnonymous: true,
      publicUrl: 'https://nightcrier.example',
    });
    const { port } = new URL(api.url);
    expect(await statusWithHost(`http://127.0.0.1:${port}/health/clusters`, host)).toBe(status);
  });

  test('names the address that is in use', async () => {
    await using api = await openReadyApi(server.url);
    const port = Number(new URL(api.url).port);
    await expect(openReadyApi(server.url, { port })).rejects.toThrow(`api cannot listen on 127.0.0.1:${port}`);
  });
});

describe('an access key', () => {
  test('is required everywhere but for the probes', async () => {
    await using api = await openReadyApi(server.url, { accessKey });
    expect((await api.get('/healthz')).status).toBe(200);
    for (const path of ['/health/clusters', '/metrics', '/api/incidents', '/api/queue', '/queues/', '/nowhere']) {
      const response = await api.get(path);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect([path, await failure(response)]).toEqual([
        path,
        expect.objectContaining({ status: 401, code: 'unauthorized' }),
      ]);
    }
  });

  test.each([
    ['Bearer correct horse', 200],
    ['bearer correct horse', 200],
    ['Bearer correct hors', 401],
    ['Bearer correct horse battery', 401],
    ['Bearer ', 401],
    ['Basic correct horse', 401],
  ])('"%s" gives %i', async (authorization, status) => {
    await using api = await openReadyApi(server.url, { accessKey });
    expect((await fetch(`${api.url}/health/clusters`, { headers: { authorization } })).status).toBe(status);
  });
});

describe('without a key on loopback', () => {
  test.each([
    ['localhost', 200],
    ['127.0.0.1:8080', 200],
    ['[::1]:8080', 200],
    ['evil.example', 403],
    ['127.0.0.1.evil.example', 403],
  ])('a request for host %s gives %i', async (host, status) => {
    await using api = await openReadyApi(server.url);
    expect(await statusWithHost(`${api.url}/health/clusters`, host)).toBe(status);
  });
});

describe('a page of another origin', () => {
  test.each(['/health/clusters', '/api/incidents', '/queues/', '/metrics'])('reads nothing from %s', async (path) => {
    await using api = await openReadyApi(server.url, { publicUrl: 'https://nightcrier.example' });
    const status = async (origin: string): Promise<number> =>
      (await fetch(`${api.url}${path}`, { headers: { origin } })).status;
    expect(await status('http://evil.example')).toBe(403);
    expect(await status('null')).toBe(403);
    expect(await status(new URL(api.url).origin)).toBe(200);
    expect(await status('https://nightcrier.example')).toBe(200);
  });
});
