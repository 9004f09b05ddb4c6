import { ApiKey } from '@nightcrier/core/access/api-key';
import { AuditEntry } from '@nightcrier/core/access/audit-entry';
import type { Role } from '@nightcrier/core/access/role';
import { Secret } from '@nightcrier/core/settings/secret';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ApiUnderTest, failure, fault, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const ACCESS_KEY = 'correct horse battery staple';
const accessKey = new Secret(ACCESS_KEY);
const Made = z.object({ key: ApiKey, secret: z.string() });

async function call(
  api: ApiUnderTest,
  secret: string,
  path: string,
  method = 'GET',
  body?: unknown,
): Promise<Response> {
  return fetch(`${api.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${secret}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function addKey(api: ApiUnderTest, key: { name: string; role: Role; expires_in?: number }) {
  const response = await call(api, ACCESS_KEY, '/api/keys', 'POST', key);
  expect(response.status).toBe(201);
  return Made.parse(await response.json());
}

describe('an API key', () => {
  test('is shown once, listed without its secret, and works until it is revoked', async () => {
    await using api = await openReadyApi(server.url, { accessKey });
    const { key, secret } = await addKey(api, { name: 'ci', role: 'viewer' });
    expect(secret).toMatch(/^nightcrier_[0-9a-f]{12}_[\w-]{43}$/);
    const listed = await (await call(api, ACCESS_KEY, '/api/keys')).text();
    expect(JSON.parse(listed)).toEqual({ keys: [key] });
    expect(listed).not.toContain(secret.slice(-20));
    expect((await call(api, secret, '/api/incidents')).status).toBe(200);
    expect((await call(api, ACCESS_KEY, '/api/keys/ci', 'DELETE')).status).toBe(200);
    expect((await call(api, secret, '/api/incidents')).status).toBe(401);
    expect(await failure(await call(api, ACCESS_KEY, '/api/keys/ci', 'DELETE'))).toMatchObject({
      code: 'key_not_found',
    });
  });

  test('is stored as a hash', async () => {
    await using api = await openReadyApi(server.url, { accessKey });
    const { secret } = await addKey(api, { name: 'ci', role: 'viewer' });
    const stored = await api.redis.hvals(api.state.keys.apiKeys);
    expect(stored).toHaveLength(1);
    expect(stored.join('')).not.toContain(secret.split('_').at(-1));
  });

  test('ends by its expiry', async () => {
    await using api = await openReadyApi(server.url, { accessKey });
    const { key, secret } = await addKey(api, { name: 'short', role: 'admin', expires_in: 1 });
    expect(Date.parse(key.expires_at ?? '') - Date.parse(key.created_at)).toBe(1000);
    await expect.poll(async () => (await call(api, secret, '/api/incidents')).status, { timeout: 30_000 }).toBe(401);
  });

  test.each([
    [{ role: 'viewer' }, /name/],
    [{ name: 'x\ny', role: 'viewer' }, /name: must be one line/],
    [{ name: 'x', role: 'root' }, /role/],
    [{ name: 'x', role: 'viewer', expires_in: 0 }, /expires_in/],
    [{ name: 'x', role: 'viewer', scope: 1 }, /scope/],
    [['x'], /body/],
  ])('is not made of %j', async (body, message) => {
    await using api = await openReadyApi(server.url, { accessKey });
    const refused = await failure(await call(api, ACCESS_KEY, '/api/keys', 'POST', body));
    expect(refused).toMatchObject({ status: 400, code: 'bad_request' });
    expect(refused.message).toMatch(message);
  });

  test('has a name of its own', async () => {
    await using api = await openReadyApi(server.url, { accessKey });
    await addKey(api, { name: 'ci', role: 'viewer' });
    const again = await call(api, ACCESS_KEY, '/api/keys', 'POST', { name: 'ci', role: 'admin' });
    expect(await failure(again)).toMatchObject({ status: 409, code: 'key_exists' });
  });

  test.each([
    'nightcrier_000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'nightcrier_',
    '__proto__',
    'x'.repeat(4000),
  ])('that was never made opens nothing', async (secret) => {
    await using api = await openReadyApi(server.url, { accessKey });
    expect((await call(api, secret, '/api/incidents')).status).toBe(401);
  });

  test('that is damaged in Redis opens nothing, and hides no other', async () => {
    await using api = await openReadyApi(server.url, { accessKey });
    const good = await addKey(api, { name: 'good', role: 'viewer' });
    const bad = await addKey(api, { name: 'bad', role: 'viewer' });
    await api.redis.hset(api.state.keys.apiKeys, bad.key.id, '{"id":');
    expect((await call(api, bad.secret, '/api/incidents')).status).toBe(401);
    expect((await call(api, good.secret, '/api/incidents')).status).toBe(200);
    expect(await (await call(api, ACCESS_KEY, '/api/keys')).json()).toEqual({ keys: [good.key] });
  });
});

describe('anonymous clients', () => {
  test('on loopback do everything; beyond it they do not decide who has access', async () => {
    await using local = await openReadyApi(server.url);
    expect((await local.get('/api/keys')).status).toBe(200);
    await using open = await openReadyApi(server.url, { host: '0.0.0.0', allowAnonymous: true });
    const url = `http://127.0.0.1:${new URL(open.url).port}`;
    expect((await fetch(`${url}/api/incidents`)).status).toBe(200);
    expect((await fetch(`${url}/api/keys`)).status).toBe(403);
  });
});

describe('the audit log', () => {
  test('says who changed what, the latest first, page by page', async () => {
    await using api = await openReadyApi(server.url, { accessKey });
    const { key, secret } = await addKey(api, { name: 'alice', role: 'operator' });
    const outcome = await api.admission.admit(fault());
    await call(api, secret, `/api/incidents/${outcome.incidentId}/cancel`, 'POST', { reason: 'known', by: 'mallory' });
    await call(api, ACCESS_KEY, `/api/incidents/${outcome.incidentId}/requeue`, 'POST');
    const page = async (query: string) => {
      const body: unknown = await (await call(api, ACCESS_KEY, `/api/audit${query}`)).json();
      return z.object({ entries: AuditEntry.array(), next_cursor: z.string().optional() }).parse(body);
    };
    const { entries } = await page('');
    expect(entries.map(({ by, action, subject }) => [by, action, subject])).toEqual([
      ['access key', 'incident_requeued', outcome.incidentId],
      ['alice', 'incident_cancelled', outcome.incidentId],
      ['access key', 'key_added', key.id],
    ]);
    expect(entries[1]?.details).toEqual({ reason: 'known' });
    expect((await api.incidents.get(outcome.incidentId))?.reason).toBe('by alice: known');

    const first = await page('?limit=2');
    const second = await page(`?limit=2&cursor=${first.next_cursor}`);
    expect([...first.entries, ...second.entries]).toEqual(entries);
    expect(second.next_cursor).toBeUndefined();
    expect((await call(api, ACCESS_KEY, '/api/audit?cursor=x')).status).toBe(400);
  });
});
