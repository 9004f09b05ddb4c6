import { Settings } from '@nightcrier/core/settings/config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, openReadyApi } from './api-under-test.ts';
import { rawRequest } from './browser.fixture.ts';

const PROXY = '127.0.0.2';

let server: RedisServer;
let api: ApiUnderTest;
beforeAll(async () => {
  server = await startRedisServer();
  const auth = {
    methods: ['proxy'],
    roles: { sre: 'operator', platform: 'admin' },
    proxy: { addresses: [`${PROXY}/32`, 'fd00::/64'], user_header: 'X-User', groups_header: 'X-Groups' },
  };
  api = await openReadyApi(server.url, {
    auth: Settings.parse({ api: { auth } }).api.auth,
    publicUrl: 'https://ops.example',
  });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await server.stop();
});

interface Sent {
  from?: string;
  method?: string;
  path?: string;
  host?: string;
}

async function statusWith(headers: string[], sent: Sent = {}): Promise<number | undefined> {
  const { from = PROXY, method = 'GET', path = '/api/incidents', host = 'ops.example' } = sent;
  const url = `${api.url}${path}`;
  return (await rawRequest(url, ['Host', host, ...headers], { localAddress: from, method })).status;
}

const alice = ['X-User', 'alice', 'X-Groups', 'everybody, sre'];

test('the headers of a listed proxy say who the user is, and the groups which role', async () => {
  expect(await statusWith(alice)).toBe(200);
  expect(await statusWith(alice, { path: '/api/keys' })).toBe(403);
  expect(await statusWith(['x-USER', 'root', 'x-groups', 'platform'], { path: '/api/keys' })).toBe(200);
  expect(await statusWith(['X-User', 'bob', 'X-Groups', 'everybody'])).toBe(403);
  expect(await statusWith(['X-User', 'bob'])).toBe(403);
});

test('the user is the author of changes', async () => {
  const { key } = await api.state.apiKeys.add({ name: 'old', role: 'viewer' }, 'test');
  const admin = ['X-User', 'carol@example.com', 'X-Groups', 'platform'];
  expect(await statusWith(admin, { path: `/api/keys/${key.id}`, method: 'DELETE' })).toBe(200);
  expect((await api.state.audit.page({ limit: 1 })).entries).toMatchObject([
    { by: 'carol@example.com', by_kind: 'proxy', action: 'key_revoked' },
  ]);
});

test('the headers of any other address are ignored', async () => {
  expect(await statusWith(alice, { from: '127.0.0.1' })).toBe(401);
  expect(await statusWith(alice, { from: '127.0.0.3' })).toBe(401);
  expect(await statusWith([...alice, 'X-Forwarded-For', PROXY, 'X-Real-IP', PROXY], { from: '127.0.0.1' })).toBe(401);
});

test.each([
  ['the user twice', ['X-User', 'root', ...alice]],
  ['the groups twice', [...alice, 'x-groups', 'platform']],
  ['the user with underscores', ['X_User', 'alice', 'X_Groups', 'sre']],
  ['no user', ['X-Groups', 'platform']],
  ['an empty user', ['X-User', ' ', 'X-Groups', 'platform']],
  ['a user that is too long', ['X-User', 'a'.repeat(101), 'X-Groups', 'platform']],
])('%s is nobody, also from a listed proxy', async (_, headers) => {
  expect(await statusWith(headers)).toBe(401);
});

test('groups with underscores give no role', async () => {
  expect(await statusWith(['X-User', 'alice', 'X_Groups', 'sre'])).toBe(403);
});

test('a page whose name resolves to the proxy or to the API cannot use it (DNS rebinding)', async () => {
  expect(await statusWith(alice, { host: 'rebound.evil.example' })).toBe(403);
  expect(await statusWith(alice, { host: '127.0.0.1' })).toBe(200);
});

test('pages of other sites change nothing through the proxy (CSRF)', async () => {
  const post = { path: '/api/silences/x', method: 'DELETE' };
  expect(await statusWith([...alice, 'Origin', 'https://evil.example'], post)).toBe(403);
  expect(await statusWith([...alice, 'Sec-Fetch-Site', 'cross-site'], post)).toBe(403);
  expect(await statusWith([...alice, 'Origin', 'https://ops.example', 'Sec-Fetch-Site', 'same-origin'], post)).toBe(
    404,
  );
});

test('keys are accepted beside the proxy', async () => {
  const { secret } = await api.state.apiKeys.add({ name: 'ci', role: 'viewer' }, 'test');
  expect(await statusWith(['Authorization', `Bearer ${secret}`], { from: '127.0.0.1' })).toBe(200);
});
