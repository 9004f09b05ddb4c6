import { useProxies } from '@nightcrier/core/settings/proxies';
import { Settings } from '@nightcrier/core/settings/config';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startConnectProxy } from '../../../test/fixtures/connect-proxy.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, failure, openReadyApi } from './api-under-test.ts';
import { Browser } from './browser.fixture.ts';
import { CLIENT, startProvider, type TestProvider } from './oidc-provider.fixture.ts';

let server: RedisServer;
let api: ApiUnderTest;
let provider: TestProvider;
let folder: string;
beforeAll(async () => {
  server = await startRedisServer();
  api = await openReadyApi(server.url);
  provider = await startProvider(`${api.url}/login/oidc/callback`);
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-oidc-'));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  await server.stop();
  await rm(folder, { recursive: true });
});

const client = () => ({ issuer: provider.issuer, client_id: CLIENT.id, client_secret: CLIENT.secret });
const scopes = ['openid', 'email', 'groups'];
const roles = { sre: 'operator', platform: 'admin', support: 'viewer' };

/** Changes the running API. */
function configure(oidc: object, auth: object = { roles }): void {
  const settings = Settings.parse({
    public_url: api.url,
    api: { auth: { methods: ['oidc'], oidc: { scopes, ...client(), ...oidc }, ...auth } },
  });
  api.reloading.apply({ ...settings, clusters: [] });
}
beforeEach(() => {
  configure({});
  provider.groups.set('alice', ['sre', 'everybody']);
  provider.groups.set('bob', ['everybody']);
});

test('the provider is reached through the proxy that the environment names', async () => {
  const proxy = await startConnectProxy();
  onTestFinished(() => {
    proxy.close();
    useProxies({});
  });
  useProxies({ HTTPS_PROXY: proxy.url });
  configure({ issuer: 'https://login.test:8443' });
  await new Browser(api.url).get('/login/oidc');
  expect([...proxy.tunnels]).toContain('login.test:8443');
});

/** Opens the login at the provider; returns the URL there. */
async function begin(browser: Browser, returnTo = '/'): Promise<string> {
  const response = await browser.get(`/login/oidc?return=${encodeURIComponent(returnTo)}`);
  expect(response.status).toBe(303);
  return response.headers.get('location') ?? '';
}

const closed = { accept: '*/*' };
const statusOf = async (response: Promise<Response>): Promise<number> => (await response).status;

describe('a login at the provider', () => {
  test('leads from a page to the provider and back to the page', async () => {
    const browser = new Browser(api.url);
    const sent = await browser.get('/queues/?page=2');
    const login = await (await browser.get(sent.headers.get('location') ?? '')).text();
    const link = /href="(\/login\/oidc\?return=[^"]+)"/.exec(login)?.[1] ?? '';
    const begun = await browser.get(link.replaceAll('&amp;', '&'));
    const back = await browser.get(await provider.logIn(begun.headers.get('location') ?? '', 'alice'));
    expect([back.status, back.headers.get('location')]).toEqual([303, '/queues/?page=2']);
    expect([...browser.cookies.keys()]).toEqual(['nightcrier']);
    expect(await statusOf(browser.get('/queues/?page=2'))).toBe(200);
    const { entries } = await api.state.audit.page({ limit: 1 });
    expect(entries).toMatchObject([{ by: 'alice@example.com', by_kind: 'oidc', action: 'logged_in' }]);
  });

  test('asks with PKCE, state and nonce, which differ each time', async () => {
    const urls = [await begin(new Browser(api.url)), await begin(new Browser(api.url))].map((url) => new URL(url));
    for (const { searchParams } of urls)
      expect(Object.fromEntries(searchParams)).toMatchObject({
        response_type: 'code',
        client_id: CLIENT.id,
        redirect_uri: `${api.url}/login/oidc/callback`,
        scope: 'openid email groups',
        code_challenge_method: 'S256',
      });
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(urls[0]?.searchParams.get(name)).not.toBe(urls[1]?.searchParams.get(name));
  });

  test('gives the highest role of the groups, as the configuration of now says', async () => {
    provider.groups.set('alice', ['support', 'sre']);
    const browser = new Browser(api.url);
    await browser.get(await provider.logIn(await begin(browser), 'alice'));
    const { origin } = new URL(api.url);
    expect(await statusOf(browser.send('DELETE', '/api/silences/x', { origin }))).toBe(404);
    expect(await statusOf(browser.get('/api/keys', closed))).toBe(403);
    configure({}, { roles: { sre: 'admin' } });
    expect(await statusOf(browser.get('/api/keys', closed))).toBe(200);
    configure({}, { roles: { other: 'admin' } });
    expect(await statusOf(browser.get('/api/incidents', closed))).toBe(401);
  });

  test('gives nothing to a user without a role, unless there is one for everybody', async () => {
    const browser = new Browser(api.url);
    const answer = await browser.get(await provider.logIn(await begin(browser), 'bob'));
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining('bob@example.com has no access'),
    ]);
    expect(browser.cookies.size).toBe(0);
    configure({}, { default_role: 'viewer' });
    expect(await statusOf(browser.get(await provider.logIn(await begin(browser), 'bob')))).toBe(303);
    expect(await statusOf(browser.get('/api/incidents', closed))).toBe(200);
  });

  test('takes name and groups from the configured claims, and the secret from a file', async () => {
    const file = path.join(folder, 'secret');
    await writeFile(file, `${CLIENT.secret}\n`);
    configure({ client_secret: undefined, client_secret_file: file, name_claim: 'sub' });
    const browser = new Browser(api.url);
    expect(await statusOf(browser.get(await provider.logIn(await begin(browser), 'alice')))).toBe(303);
    expect((await api.state.audit.page({ limit: 1 })).entries).toMatchObject([{ by: 'alice' }]);
    configure({ groups_claim: 'email' }, { roles: { 'alice@example.com': 'admin' } });
    expect(await statusOf(browser.get(await provider.logIn(await begin(browser), 'alice')))).toBe(303);
  });
});

describe('an answer of the provider', () => {
  const failed = async (response: Response): Promise<[number, boolean]> => [
    response.status,
    (await response.text()).includes('role="alert"'),
  ];

  test('opens nothing in another browser than the one that asked (login CSRF)', async () => {
    const attacker = new Browser(api.url);
    const answer = await provider.logIn(await begin(attacker), 'alice');
    const victim = new Browser(api.url);
    expect(await failed(await victim.get(answer))).toEqual([400, true]);
    await begin(victim);
    expect(await failed(await victim.get(answer))).toEqual([403, true]);
    expect(victim.cookies.size).toBe(0);
  });

  test('is used once', async () => {
    const browser = new Browser(api.url);
    const url = await begin(browser);
    const attempt = browser.cookies.get('nightcrier-oidc') ?? '';
    const answer = await provider.logIn(url, 'alice');
    expect(await statusOf(browser.get(answer))).toBe(303);
    const again = new Browser(api.url);
    again.cookies.set('nightcrier-oidc', attempt);
    expect(await failed(await again.get(answer))).toEqual([403, true]);
  });

  test.each([
    ['with another state', (url: URL) => url.searchParams.set('state', 'other')],
    ['without a state', (url: URL) => url.searchParams.delete('state')],
    ['with a code that the provider did not make', (url: URL) => url.searchParams.set('code', 'x')],
    ['of another issuer', (url: URL) => url.searchParams.set('iss', 'https://evil.example')],
    [
      'that is an error',
      (url: URL) => {
        url.searchParams.delete('code');
        url.searchParams.set('error', 'access_denied');
      },
    ],
  ])('%s opens nothing', async (_, change) => {
    const browser = new Browser(api.url);
    const answer = new URL(await provider.logIn(await begin(browser), 'alice'));
    change(answer);
    expect(await failed(await browser.get(answer.href))).toEqual([403, true]);
    expect(browser.cookies.size).toBe(0);
  });

  test('returns to no other site', async () => {
    const browser = new Browser(api.url);
    const answer = await provider.logIn(await begin(browser, '//evil.example'), 'alice');
    expect((await browser.get(answer)).headers.get('location')).toBe('/');
  });
});

test('a provider that does not answer, or a wrong secret, is a page that says so', async () => {
  const browser = new Browser(api.url);
  configure({ client_secret: 'another secret' });
  expect(await statusOf(browser.get(await provider.logIn(await begin(browser), 'alice')))).toBe(403);
  configure({ issuer: 'http://127.0.0.1:1' });
  expect(await statusOf(browser.get('/login/oidc'))).toBe(502);
});

test('without the provider in the configuration there is no such login', async () => {
  api.reloading.apply({ ...Settings.parse({ api: { access_key: 'correct horse battery' } }), clusters: [] });
  expect(await failure(await new Browser(api.url).get('/login/oidc'))).toMatchObject({ status: 404 });
});
