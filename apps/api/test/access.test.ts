import { Settings } from '@nightcrier/core/settings/config';
import { liveSettings } from '@nightcrier/core/settings/live-settings';
import { Secret } from '@nightcrier/core/settings/secret';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
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

describe('a reload', () => {
  const config = (api: object) => ({ ...Settings.parse({ api }), clusters: [] });
  const statusWith = async (url: string, key: string): Promise<number> =>
    (await fetch(`${url}/health/clusters`, { headers: { authorization: `Bearer ${key}` } })).status;

  test('changes the access key at once; the former one is refused', async () => {
    await using api = await openReadyApi(server.url, { accessKey });
    expect(await statusWith(api.url, 'correct horse')).toBe(200);
    api.reloading.apply(config({ access_key: 'battery staple horse' }));
    expect([await statusWith(api.url, 'correct horse'), await statusWith(api.url, 'battery staple horse')]).toEqual([
      401, 200,
    ]);
  });

  test('takes a key from a file, which is read at each request', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-key-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = path.join(folder, 'key');
    await writeFile(file, 'one\n');
    await using api = await openReadyApi(server.url);
    expect((await api.get('/health/clusters')).status).toBe(200);
    api.reloading.apply(config({ access_key_file: file }));
    expect([await statusWith(api.url, 'one'), await statusWith(api.url, 'two')]).toEqual([200, 401]);
    await writeFile(file, 'two\n');
    expect([await statusWith(api.url, 'one'), await statusWith(api.url, 'two')]).toEqual([401, 200]);
  });

  test('does not take the key from an API that everybody could use then', async () => {
    await using api = await openReadyApi(server.url, { host: '0.0.0.0', accessKey });
    const url = `http://127.0.0.1:${new URL(api.url).port}`;
    api.reloading.apply(config({}));
    expect([await statusWith(url, ''), await statusWith(url, 'correct horse')]).toEqual([401, 200]);
  });

  test('changes the public name that requests may use', async () => {
    await using api = await openReadyApi(server.url);
    const status = async () => statusWithHost(`${api.url}/health/clusters`, 'nightcrier.example');
    expect(await status()).toBe(403);
    api.reloading.apply({ ...config({}), public_url: 'https://nightcrier.example' });
    expect(await status()).toBe(200);
  });

  test('every live setting of the API has a test', () => {
    const queue = [
      'global_queue_size',
      'cluster_queue_size',
      'queue_overflow_policy',
      'dedup_window_seconds',
      'grouping',
      // Of problems: packages/state/test/problem-life.test.ts.
      'reopen_window',
      'reinvestigate_after',
      'storm_threshold',
    ];
    const keys = ['api.access_key', 'api.access_key_file'];
    // The last two are in many-readers.test.ts and metrics.test.ts.
    const tested = ['clusters', 'log_level', ...queue, 'public_url', ...keys, 'api.metrics_per_cluster', 'llm_budgets'];
    // Those of logins are read from the settings of now at each request, see "a changed configuration" in login.test.ts.
    const others = liveSettings('api').filter((name) => !name.startsWith('api.auth.'));
    expect(others.toSorted()).toEqual(tested.toSorted());
  });
});

describe('startApi', () => {
  test.each(['0.0.0.0', '::', '192.0.2.7', 'nightcrier.example'])('refuses %s without an access key', async (host) => {
    await expect(openReadyApi(server.url, { host })).rejects.toThrow(
      new RegExp(`^api\\.host: ${host.replaceAll('.', '\\.')} .*set api\\.access_key .*or set api\\.allow_anonymous`),
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

test('wrong keys of an address are limited; the right one and requests without a key are answered as before', async () => {
  await using api = await openReadyApi(server.url, { accessKey });
  const answer = async (key?: string): Promise<Response> =>
    fetch(`${api.url}/health/clusters`, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } });
  for (let attempt = 0; attempt < 20; attempt += 1) expect((await answer(`wrong ${attempt}`)).status).toBe(401);
  const limited = await answer('wrong again');
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await failure(limited)).toMatchObject({ status: 429, code: 'too_many_wrong_keys' });
  expect([(await answer('correct horse')).status, (await answer()).status]).toEqual([200, 401]);
});
