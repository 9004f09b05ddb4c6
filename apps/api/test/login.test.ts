import { AuditEntry } from '@nightcrier/core/access/audit-entry';
import type { Role } from '@nightcrier/core/access/role';
import { silentLogger } from '@nightcrier/core/logger';
import { Settings } from '@nightcrier/core/settings/config';
import { Secret } from '@nightcrier/core/settings/secret';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type AccessSettings, accessSettings } from '../src/access/access-settings.ts';
import { warnWithoutAdmin } from '../src/access/warn-without-admin.ts';
import { type ApiUnderTest, failure, fault, openReadyApi } from './api-under-test.ts';
import { Browser } from './browser.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const ACCESS_KEY = 'correct horse battery staple';
const PASSWORD = 'a password of alice';
const COOKIE = 'nightcrier';
const authOf = (auth: object) => Settings.parse({ api: { auth } }).api.auth;
const both = { accessKey: new Secret(ACCESS_KEY), auth: authOf({ methods: ['users', 'keys'] }) };

async function withUser(options: Parameters<typeof openReadyApi>[1] = both, role: Role = 'operator') {
  const api = await openReadyApi(server.url, options);
  await api.state.users.add({ name: 'alice', role, password: PASSWORD }, 'test');
  return { api, browser: new Browser(api.url), [Symbol.asyncDispose]: async () => api[Symbol.asyncDispose]() };
}

let common: Awaited<ReturnType<typeof withUser>>;
beforeAll(async () => {
  common = await withUser();
});
afterAll(async () => common[Symbol.asyncDispose]());
/** The same API for tests that change neither its settings nor its users. */
const shared = () => ({ api: common.api, browser: new Browser(common.api.url) });

const asAlice = { method: 'user', name: 'alice', password: PASSWORD };
const statusOf = async (response: Promise<Response>): Promise<number> => (await response).status;

test('an API with local users alone warns at its start until an administrator exists', async () => {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) };
  const options = { auth: authOf({ methods: ['users'] }), logger: { ...logger, child: () => silentLogger } };
  await using api = await openReadyApi(server.url, options);
  const expected = 'no administrator exists who could add users';
  await vi.waitFor(() => expect(warnings).toContain(expected), { timeout: 30_000 });

  const check = async (access: Partial<AccessSettings> = {}): Promise<string[]> => {
    warnings.length = 0;
    const settings = { ...accessSettings({ ...Settings.parse({}), clusters: [] }), auth: options.auth, ...access };
    await warnWithoutAdmin(settings, { ...api.state, logger });
    return warnings;
  };
  expect(await check()).toEqual([expected]);
  expect(await check({ accessKey: new Secret(ACCESS_KEY) })).toEqual([]);
  expect(await check({ auth: authOf({ methods: ['users', 'proxy'], roles: { sre: 'admin' } }) })).toEqual([]);
  await api.state.users.add({ name: 'alice', role: 'operator', password: PASSWORD }, 'test');
  expect(await check()).toEqual([expected]);
  await api.state.users.add({ name: 'root', role: 'admin', password: PASSWORD }, 'test');
  expect(await check()).toEqual([]);
});

describe('a browser without a session', () => {
  test('is sent to the login page, and returns after the login', async () => {
    const login = shared();
    for (const path of ['/', '/queues/', '/api/incidents/x/report?part=1', '/nowhere']) {
      login.browser.cookies.clear();
      const sent = await login.browser.get(path);
      expect([sent.status, sent.headers.get('location')]).toEqual([303, `/login?return=${encodeURIComponent(path)}`]);
      const page = await (await login.browser.get(sent.headers.get('location') ?? '')).text();
      const hidden = /name="return" value="([^"]*)"/.exec(page)?.[1]?.replaceAll('&amp;', '&');
      expect(hidden).toBe(path);
      const back = await login.browser.post('/login', { ...asAlice, return: hidden ?? '' });
      expect([back.status, back.headers.get('location')]).toEqual([303, path]);
      expect(await statusOf(login.browser.get(path))).toBe(/nowhere|report/.test(path) ? 404 : 200);
    }
  });

  test('receives 401 where a program would: without text/html, or with another method', async () => {
    const login = shared();
    for (const accept of ['*/*', 'application/json', 'application/json, text/html;q=0.5']) {
      const response = await login.browser.get('/api/incidents', { accept });
      expect(await failure(response)).toMatchObject({ status: 401, code: 'unauthorized' });
    }
    expect(await statusOf(login.browser.post('/api/incidents/x/cancel', {}))).toBe(401);
  });

  test('is not sent to a login page that has nothing to offer', async () => {
    await using api = await openReadyApi(server.url, {
      auth: authOf({ methods: ['proxy'], default_role: 'viewer', proxy: { addresses: ['192.0.2.1'] } }),
    });
    expect(await statusOf(new Browser(api.url).get('/'))).toBe(401);
  });
});

describe('the login page', () => {
  test('has no code and no style of its own, labels, and what a password manager needs', async () => {
    const login = shared();
    const response = await login.browser.get('/login');
    const page = await response.text();
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(page).not.toMatch(/<style|<script(?![^>]* src=)|\son\w+=|style=/);
    expect(page).toContain('<label for="name">');
    expect(page).toContain('<label for="password">');
    expect(page).toContain('<label for="key">');
    expect(page).toMatch(/id="password"[^>]* autocomplete="current-password"/);
    for (const [, asset = ''] of page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g))
      expect([asset, await statusOf(login.browser.get(asset))]).toEqual([asset, 200]);
  });

  test('offers only what is configured', async () => {
    await using keys = await withUser({ accessKey: new Secret(ACCESS_KEY) });
    const page = await (await keys.browser.get('/login')).text();
    expect([page.includes('id="key"'), page.includes('id="password"')]).toEqual([true, false]);
    expect(await statusOf(keys.browser.post('/login', asAlice))).toBe(403);
  });

  test('takes the access key and API keys', async () => {
    const login = shared();
    expect(await statusOf(login.browser.post('/login', { method: 'key', key: ACCESS_KEY }))).toBe(303);
    expect(await statusOf(login.browser.get('/api/keys'))).toBe(200);
    const { key, secret } = await login.api.state.apiKeys.add({ name: 'ci', role: 'viewer' }, 'test');
    const other = new Browser(login.api.url);
    expect(await statusOf(other.post('/login', { method: 'key', key: secret }))).toBe(303);
    expect([await statusOf(other.get('/')), await statusOf(other.get('/api/keys'))]).toEqual([200, 403]);
    await login.api.state.apiKeys.revoke(key.id);
    expect(await statusOf(other.get('/', { accept: '*/*' }))).toBe(401);
  });

  test('shows the name again after a wrong password, never the password', async () => {
    const login = shared();
    const response = await login.browser.post('/login', { ...asAlice, password: 'wrong<"secret"' });
    const page = await response.text();
    expect([response.status, page.includes('value="alice"'), page.includes('role="alert"')]).toEqual([401, true, true]);
    expect(page).not.toContain('secret');
    expect(login.browser.cookies.size).toBe(0);
  });

  test('sends one who is logged in on', async () => {
    const login = shared();
    await login.browser.post('/login', asAlice);
    const response = await login.browser.get('/login?return=%2Fqueues%2F');
    expect([response.status, response.headers.get('location')]).toEqual([303, '/queues/']);
  });

  test('never leads to another site (open redirect)', async () => {
    await using login = await withUser({ accessKey: new Secret(ACCESS_KEY) });
    for (const wanted of [
      '//evil.example',
      '///evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/\t/evil.example',
      '/%09/evil.example\n',
      'https://evil.example',
      'http:evil.example',
      'javascript:alert(1)',
      ' javascript:alert(1)',
      'data:text/html,x',
      '/.//evil.example',
      '/..//evil.example',
      '/x/..//evil.example',
      '/%2e//evil.example',
      'evil.example',
      '@evil.example',
      '/login?return=/x',
      '',
    ]) {
      const response = await login.browser.post('/login', { method: 'key', key: ACCESS_KEY, return: wanted });
      expect([wanted, response.status, response.headers.get('location')]).toEqual([wanted, 303, '/']);
      const again = await login.browser.get(`/login?return=${encodeURIComponent(wanted)}`);
      expect([wanted, again.status, again.headers.get('location')]).toEqual([wanted, 303, '/']);
    }
  });

  test('counts wrong attempts of a user name and of an address, and checks nothing beyond them', async () => {
    // An address may try again every few seconds, which checking 20 passwords can take.
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    await using login = await withUser();
    const attempts = Array.from({ length: 25 }, async () =>
      login.browser.post('/login', { ...asAlice, password: 'wrong' }),
    );
    const statuses = (await Promise.all(attempts)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(5);
    expect(await statusOf(login.browser.post('/login', asAlice))).toBe(429);
    expect(login.browser.cookies.size).toBe(0);
  });
});

describe('the cookie of a session', () => {
  const cookieOf = (response: Response): string => response.headers.getSetCookie().join('\n');

  test.each([
    [{}, /^nightcrier=[\w-]{43}; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax$/],
    [
      { publicUrl: 'https://ops.example' },
      /^__Host-nightcrier=[\w-]{43}; Max-Age=86400; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    ],
    [
      { publicUrl: 'https://ops.example/nightcrier', basePath: '/nightcrier' },
      /^__Secure-nightcrier=[\w-]{43}; Max-Age=86400; Path=\/nightcrier; HttpOnly; Secure; SameSite=Lax$/,
    ],
  ])('with %j', async (options, expected) => {
    await using login = await withUser({ ...both, ...options });
    expect(cookieOf(await login.browser.post('/login', asAlice))).toMatch(expected);
  });

  test('is never one that the browser had before (session fixation)', async () => {
    const login = shared();
    const planted = 'A'.repeat(43);
    login.browser.cookies.set(COOKIE, planted);
    await login.browser.post('/login', asAlice);
    expect(login.browser.cookies.get(COOKIE)).not.toBe(planted);
    const attacker = new Browser(login.api.url);
    attacker.cookies.set(COOKIE, planted);
    expect(await statusOf(attacker.get('/', { accept: '*/*' }))).toBe(401);
  });

  test('is another one after each login, and the former session has ended', async () => {
    await using login = await withUser();
    await login.browser.post('/login', asAlice);
    const former = login.browser.cookies.get(COOKIE) ?? '';
    await login.browser.post('/login', asAlice);
    expect(login.browser.cookies.get(COOKIE)).not.toBe(former);
    const old = new Browser(login.api.url);
    old.cookies.set(COOKIE, former);
    expect(await statusOf(old.get('/', { accept: '*/*' }))).toBe(401);
    expect(await login.api.state.sessions.list()).toHaveLength(1);
  });
});

describe('a session', () => {
  const closed = { accept: '*/*' };

  test('has the role of its user, whose name is the author of changes', async () => {
    await using login = await withUser();
    await login.browser.post('/login', asAlice);
    expect(await statusOf(login.browser.get('/api/keys', closed))).toBe(403);
    const { incidentId } = await login.api.admission.admit(fault());
    const { origin } = new URL(login.api.url);
    expect(await statusOf(login.browser.send('POST', `/api/incidents/${incidentId}/cancel`, { origin }))).toBe(200);
    const { entries } = await login.api.state.audit.page({ limit: 10 });
    expect(entries.map(({ by, by_kind, action }) => [by, by_kind, action])).toEqual([
      ['alice', 'user', 'incident_cancelled'],
      ['alice', 'user', 'logged_in'],
    ]);
  });

  test('ends when the user logs out', async () => {
    const login = shared();
    await login.browser.post('/login', asAlice);
    const secret = login.browser.cookies.get(COOKIE) ?? '';
    const response = await login.browser.post('/logout', {});
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login']);
    expect(login.browser.cookies.size).toBe(0);
    login.browser.cookies.set(COOKIE, secret);
    expect(await statusOf(login.browser.get('/', closed))).toBe(401);
    expect(await statusOf(login.browser.post('/logout', {}))).toBe(303);
  });

  const ends: [string, (api: ApiUnderTest) => Promise<unknown> | void][] = [
    ['an admin revokes it', async (api) => api.state.sessions.revoke('alice')],
    ['the password changes', async (api) => api.state.users.changePassword('alice', 'another password of alice')],
    ['the user is removed', async (api) => api.state.users.remove('alice')],
    [
      'the user is removed and another one gets the name',
      async (api) => {
        await api.state.users.remove('alice');
        await api.state.users.add({ name: 'alice', role: 'admin', password: PASSWORD }, 'test');
      },
    ],
    [
      'its row expires',
      async (api) => {
        const [key = ''] = await api.redis.keys(`${api.state.keys.ours}session:*`);
        await api.redis.del(key);
      },
    ],
    [
      'its row is damaged',
      async (api) => {
        const [key = ''] = await api.redis.keys(`${api.state.keys.ours}session:*`);
        await api.redis.set(key, '{"id":');
      },
    ],
    [
      'users cannot log in any more',
      (api) => {
        const settings = Settings.parse({ api: { access_key: ACCESS_KEY } });
        api.reloading.apply({ ...settings, clusters: [] });
      },
    ],
  ];
  test.each(ends)('ends when %s', async (_, end) => {
    await using login = await withUser();
    await login.browser.post('/login', asAlice);
    expect(await statusOf(login.browser.get('/', closed))).toBe(200);
    await end(login.api);
    expect(await statusOf(login.browser.get('/', closed))).toBe(401);
  });

  test('of the access key ends when the key changes', async () => {
    await using login = await withUser();
    await login.browser.post('/login', { method: 'key', key: ACCESS_KEY });
    expect(await statusOf(login.browser.get('/', closed))).toBe(200);
    login.api.reloading.apply({ ...Settings.parse({ api: { access_key: 'another access key' } }), clusters: [] });
    expect(await statusOf(login.browser.get('/', closed))).toBe(401);
  });

  test('follows a changed configuration: its idle time, and the ways to log in', async () => {
    await using login = await withUser();
    await login.browser.post('/login', asAlice);
    const api = { access_key: ACCESS_KEY, auth: { methods: ['users'], session_idle: 60 } };
    login.api.reloading.apply({ ...Settings.parse({ api }), clusters: [] });
    expect(await statusOf(login.browser.get('/', closed))).toBe(200);
    const [key = ''] = await login.api.redis.keys(`${login.api.state.keys.ours}session:*`);
    expect(await login.api.redis.pttl(key)).toBeLessThanOrEqual(60_000);
    expect(await (await new Browser(login.api.url).get('/login')).text()).not.toContain('id="key"');
  });
});

describe('a change with a session', () => {
  const cases: [string, Record<string, string>, number][] = [
    ['of a page of this origin', {}, 404],
    ['of a page of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 403],
    ['of a page on another port of this host', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }, 403],
    ['of a page without an origin (sandboxed, data:)', { origin: 'null', 'sec-fetch-site': 'cross-site' }, 403],
    ['that does not say where it comes from', { origin: '-', 'sec-fetch-site': '-' }, 403],
    ['whose Sec-Fetch-Site contradicts its Origin', { 'sec-fetch-site': 'cross-site' }, 403],
  ];
  test('is answered only for pages of this origin (CSRF)', async () => {
    const login = shared();
    await login.browser.post('/login', asAlice);
    for (const [what, headers, status] of cases) {
      const sent = { origin: new URL(login.api.url).origin, 'sec-fetch-site': 'same-origin', ...headers };
      const real = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== '-'));
      expect([what, await statusOf(login.browser.send('DELETE', '/api/silences/unknown', real))]).toEqual([
        what,
        status,
      ]);
    }
  });

  test('a page of another site can neither log a reader in nor out', async () => {
    const login = shared();
    const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect(await statusOf(login.browser.post('/login', asAlice, evil))).toBe(403);
    expect(await statusOf(login.browser.post('/login', asAlice, { origin: '-', 'sec-fetch-site': '-' }))).toBe(403);
    await login.browser.post('/login', asAlice);
    expect(await statusOf(login.browser.post('/logout', {}, evil))).toBe(403);
    expect(await statusOf(login.browser.get('/', { accept: '*/*' }))).toBe(200);
  });

  test('a page by HTTP is another origin where the public address is HTTPS', async () => {
    await using login = await withUser({ ...both, publicUrl: 'https://ops.example' });
    expect(await statusOf(login.browser.post('/login', asAlice, { origin: 'http://ops.example' }))).toBe(403);
    expect(await statusOf(login.browser.post('/login', asAlice, { origin: 'https://ops.example' }))).toBe(303);
  });
});

test('pages behind a login are never cached, and reveal nothing to other sites', async () => {
  const login = shared();
  await login.browser.post('/login', asAlice);
  for (const path of ['/', '/queues/', '/api/incidents', '/login']) {
    const { headers } = await login.browser.get(path);
    expect([
      path,
      headers.get('cache-control'),
      headers.get('referrer-policy'),
      headers.get('x-frame-options'),
    ]).toEqual([path, 'no-store', 'same-origin', 'DENY']);
  }
});

test('admins add, list and remove users, change passwords, and end sessions', async () => {
  await using login = await withUser();
  const call = async (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${login.api.url}/api${path}`, {
      method,
      headers: { authorization: `Bearer ${ACCESS_KEY}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  expect(await statusOf(call('POST', '/users', { name: 'bob', role: 'admin', password: PASSWORD }))).toBe(201);
  expect(await failure(await call('POST', '/users', { name: 'bob', role: 'admin', password: PASSWORD }))).toMatchObject(
    {
      status: 409,
      code: 'user_exists',
    },
  );
  const short = await failure(await call('POST', '/users', { name: 'eve', role: 'admin', password: 'short' }));
  expect(short).toMatchObject({ status: 400, message: 'password: must have at least 12 characters' });
  const listed = await (await call('GET', '/users')).text();
  expect(listed).not.toMatch(/hash|argon|version/);
  expect(
    z.object({ users: z.array(z.looseObject({ name: z.string() })) }).parse(JSON.parse(listed)).users,
  ).toMatchObject([
    { name: 'alice', role: 'operator' },
    { name: 'bob', role: 'admin', created_by: 'access key' },
  ]);
  await login.browser.post('/login', asAlice);
  const { sessions } = z
    .object({ sessions: z.array(z.object({ id: z.string(), name: z.string() })) })
    .parse(await (await call('GET', '/sessions')).json());
  expect(sessions).toMatchObject([{ name: 'alice' }]);
  expect(await statusOf(call('DELETE', `/sessions/${sessions[0]?.id}`))).toBe(200);
  expect(await failure(await call('DELETE', '/sessions/alice'))).toMatchObject({ code: 'session_not_found' });
  expect(await statusOf(call('PUT', '/users/alice/password', { password: 'a new password' }))).toBe(200);
  expect(await statusOf(call('DELETE', '/users/alice'))).toBe(200);
  expect(await failure(await call('DELETE', '/users/alice'))).toMatchObject({ code: 'user_not_found' });
  const { entries } = z.object({ entries: AuditEntry.array() }).parse(await (await call('GET', '/audit')).json());
  expect(entries.map(({ action, subject }) => [action, subject])).toEqual([
    ['user_removed', 'alice'],
    ['user_password_changed', 'alice'],
    ['session_revoked', sessions[0]?.id],
    ['logged_in', sessions[0]?.id],
    ['user_added', 'bob'],
  ]);
  expect(JSON.stringify(entries)).not.toContain('password of');
});
