import { describe, expect, test } from 'vitest';
import { type ApiAccess, accessProblems, loginMethods } from './access-problems.ts';
import { Settings } from './config.ts';

function access(auth: object, changes: Partial<ApiAccess> = {}): ApiAccess {
  const { api } = Settings.parse({ api: { auth } });
  return { host: '127.0.0.1', hasKey: false, allow_anonymous: false, base_path: '', auth: api.auth, ...changes };
}
const problemsOf = (auth: object, changes: Partial<ApiAccess> = {}): string[] =>
  accessProblems(access(auth, changes)).map(({ setting, message }) => `${setting}: ${message}`);

const oidc = { issuer: 'https://sso.example', client_id: 'nightcrier' };
const roles = { sre: 'operator' };
const proxy = { addresses: ['10.0.0.0/8'] };
const public_url = 'https://ops.example';

describe('the ways to log in', () => {
  test('are the keys with an access key, and none without', () => {
    expect([loginMethods(access({})), loginMethods(access({}, { hasKey: true }))]).toEqual([['none'], ['keys']]);
    expect(loginMethods(access({ methods: ['users'] }, { hasKey: true }))).toEqual(['users']);
  });

  test.each<[string, object, Partial<ApiAccess>]>([
    ['nothing on loopback', {}, {}],
    ['none on loopback', { methods: ['none'] }, { host: 'localhost' }],
    ['an access key beyond loopback', {}, { host: '0.0.0.0', hasKey: true }],
    ['nothing beyond loopback, if that is meant', {}, { host: '0.0.0.0', allow_anonymous: true }],
    ['users beyond loopback', { methods: ['users'] }, { host: '0.0.0.0' }],
    ['oidc', { methods: ['oidc'], oidc, roles }, { host: '0.0.0.0', public_url }],
    ['oidc with a role for everybody', { methods: ['oidc'], oidc, default_role: 'viewer' }, { public_url }],
    [
      'oidc of a provider on this machine',
      { methods: ['oidc'], oidc: { ...oidc, issuer: 'http://[::1]:1' }, roles },
      { public_url },
    ],
    ['a proxy', { methods: ['proxy'], proxy, roles }, { host: '0.0.0.0' }],
    ['a base path', {}, { base_path: '/x', public_url: 'https://ops.example/x/' }],
  ])('are complete with %s', (_, auth, changes) => {
    expect(problemsOf(auth, changes)).toEqual([]);
  });

  test.each<[string, object, Partial<ApiAccess>, string | RegExp]>([
    [
      'nothing beyond loopback',
      {},
      { host: '0.0.0.0' },
      /^api\.host: 0\.0\.0\.0 can be reached from other machines: set api\.access_key/,
    ],
    [
      'none beyond loopback',
      { methods: ['none'] },
      { host: '::' },
      /^api\.host: :: can be reached from other machines/,
    ],
    [
      'none and another',
      { methods: ['none', 'oidc'], oidc, roles },
      { public_url },
      'api.auth.methods: none cannot be combined with oidc: remove one of them',
    ],
    [
      'none and an access key',
      { methods: ['none'] },
      { hasKey: true },
      /^api\.auth\.methods: none makes api\.access_key useless/,
    ],
    ['keys without an access key', { methods: ['keys'] }, {}, /^api\.auth\.methods: keys needs api\.access_key/],
    ['an empty list', { methods: [] }, {}, /^api\.auth\.methods: must name a method/],
    [
      'oidc without an issuer',
      { methods: ['oidc'], oidc: { client_id: 'x' }, roles },
      { public_url },
      'api.auth.methods: oidc needs api.auth.oidc.issuer',
    ],
    [
      'oidc without a client id',
      { methods: ['oidc'], oidc: { issuer: oidc.issuer }, roles },
      { public_url },
      'api.auth.methods: oidc needs api.auth.oidc.client_id',
    ],
    ['oidc without public_url', { methods: ['oidc'], oidc, roles }, {}, /^api\.auth\.methods: oidc needs public_url/],
    [
      'oidc without a role',
      { methods: ['oidc'], oidc },
      { public_url },
      /^api\.auth\.methods: oidc gives nobody a role: set api\.auth\.roles/,
    ],
    [
      'oidc by HTTP',
      { methods: ['oidc'], oidc: { ...oidc, issuer: 'http://sso.example' }, roles },
      { public_url },
      /^api\.auth\.oidc\.issuer: http:\/\/sso\.example must be an https/,
    ],
    [
      'a proxy without addresses',
      { methods: ['proxy'], roles },
      {},
      /^api\.auth\.methods: proxy needs api\.auth\.proxy\.addresses/,
    ],
    ['a proxy without a role', { methods: ['proxy'], proxy }, {}, /^api\.auth\.methods: proxy gives nobody a role/],
    [
      'another base path than that of public_url',
      {},
      { base_path: '/x', public_url },
      /^api\.base_path: \/x is not the path of public_url/,
    ],
  ])('lack something with %s', (_, auth, changes, message) => {
    const [problem, ...others] = problemsOf(auth, changes);
    expect(problem).toMatch(message);
    expect(others).toEqual([]);
  });
});

test.each([
  [{ methods: ['saml'] }, 'methods'],
  [{ roles: { sre: 'root' } }, 'roles'],
  [{ default_role: 'root' }, 'default_role'],
  [{ proxy: { addresses: ['10.0.0.0/33'] } }, 'addresses'],
  [{ proxy: { addresses: ['proxy.example'] } }, 'addresses'],
  [{ proxy: { addresses: [] } }, 'addresses'],
  [{ proxy: { user_header: 'X_User' } }, 'user_header'],
  [{ oidc: { issuer: 'sso.example' } }, 'issuer'],
  [{ session_idle: '1s' }, 'session_idle'],
])('%j is refused', (auth, setting) => {
  const { error } = Settings.safeParse({ api: { auth } });
  expect(error?.issues.some(({ path }) => path.includes(setting))).toBe(true);
});
