import { Secret } from '@nightcrier/core/settings/secret';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, openReadyApi } from './api-under-test.ts';
import { Browser } from './browser.fixture.ts';

const KEY = 'correct horse battery staple';
const BASE = '/ops/nightcrier';

let server: RedisServer;
let api: ApiUnderTest;
beforeAll(async () => {
  server = await startRedisServer();
  api = await openReadyApi(server.url, {
    accessKey: new Secret(KEY),
    basePath: BASE,
    publicUrl: `http://ops.example${BASE}`,
  });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await server.stop();
});

async function loggedIn(): Promise<Browser> {
  const browser = new Browser(api.url);
  const response = await browser.post(`${BASE}/login`, { method: 'key', key: KEY, return: '/queues/' });
  expect([response.status, response.headers.get('location')]).toEqual([303, `${BASE}/queues/`]);
  return browser;
}

test.each([BASE, ''])('a proxy that passes paths with %j reaches every route', async (prefix) => {
  const browser = await loggedIn();
  for (const path of ['/', '/healthz', '/api/incidents', '/queues/', '/login'])
    expect([path, (await browser.get(`${prefix}${path}`)).status]).toEqual([path, path === '/login' ? 303 : 200]);
});

test('the base path itself is the first page, and its beginning is no path of its own', async () => {
  const browser = await loggedIn();
  expect((await browser.get(BASE)).status).toBe(200);
  expect((await browser.get(`${BASE}?x=1`)).status).toBe(200);
  expect((await browser.get(`${BASE}er/healthz`)).status).toBe(404);
});

test('redirects stay below it', async () => {
  const sent = await new Browser(api.url).get(`${BASE}/queues/`);
  expect([sent.status, sent.headers.get('location')]).toEqual([303, `${BASE}/login?return=%2Fqueues%2F`]);
  const out = await (await loggedIn()).post(`${BASE}/logout`, {});
  expect(out.headers.get('location')).toBe(`${BASE}/login`);
});

test('every link of its pages stays below it, and leads somewhere', async () => {
  const browser = await loggedIn();
  const assets = new Set<string>();
  for (const path of ['/', '/queues/']) {
    const page = await (await browser.get(`${BASE}${path}`)).text();
    // Bull Board names its files relative to a base.
    const base = new URL(/<base href="([^"]+)"/.exec(page)?.[1] ?? path, 'http://ops.example');
    const links = [...page.matchAll(/<[a-z]+ [^>]*?\s(?:href|src|action)="([^"#]+)"/g)].map(
      ([, link = '']) => new URL(link, base),
    );
    const own = links.filter(({ host }) => host === base.host).map(({ pathname }) => pathname);
    expect(own.length).toBeGreaterThan(2);
    expect(own.filter((link) => link !== BASE && !link.startsWith(`${BASE}/`))).toEqual([]);
    for (const link of own) if (/\.\w+$/.test(link)) assets.add(link);
  }
  expect(assets.size).toBeGreaterThan(2);
  for (const asset of assets) expect([asset, (await browser.get(asset)).status]).toEqual([asset, 200]);
});
