import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { hashPassword, isPassword } from '../src/access/password-hash.ts';
import { Clock, openTestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

const PASSWORD = 'correct horse battery staple';

describe('the hash of a password', () => {
  test('is argon2id with a salt of its own, in the format of every library', async () => {
    const [one, other] = [await hashPassword(PASSWORD), await hashPassword(PASSWORD)];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(other);
    expect([await isPassword(PASSWORD, one), await isPassword(`${PASSWORD} `, one)]).toEqual([true, false]);
  });

  test('of another library and cost is read', async () => {
    // argon2 -id -t 1 -m 8 -p 1, of the reference implementation
    const { argon2Sync } = await import('node:crypto');
    const nonce = Buffer.from('saltsaltsalt');
    const hash = argon2Sync('argon2id', { message: 'x', nonce, parallelism: 1, tagLength: 16, memory: 8, passes: 1 });
    const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
    const stored = `$argon2id$v=19$m=8,t=1,p=1$${unpadded(nonce)}$${unpadded(hash)}`;
    expect([await isPassword('x', stored), await isPassword('y', stored)]).toEqual([true, false]);
  });

  test.each([undefined, '', 'x', '$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA'])(
    'that is missing or damaged (%j) fits no password',
    async (stored) => {
      expect(await isPassword('', stored)).toBe(false);
    },
  );

  test('does not depend on how the keyboard writes a letter', async () => {
    expect(await isPassword('cafe\u0301 au lait noir', await hashPassword('caf\u00e9 au lait noir'))).toBe(true);
  });
});

describe('a local user', () => {
  test('is found by name and password, and listed without the hash', async () => {
    await using state = await openTestState(server.url);
    const user = await state.users.add({ name: 'alice', role: 'operator', password: PASSWORD }, 'root');
    expect(user).toMatchObject({ name: 'alice', role: 'operator', created_by: 'root' });
    expect(await state.users.add({ name: 'alice', role: 'admin', password: PASSWORD }, 'root')).toBeUndefined();
    expect(await state.users.list()).toEqual([user]);
    expect(await state.users.find('alice', PASSWORD)).toMatchObject({ name: 'alice', role: 'operator' });
    expect(await state.users.find('alice', 'another password')).toBeUndefined();
    expect(await state.users.find('bob', PASSWORD)).toBeUndefined();
    expect(await state.users.remove('alice')).toEqual(user);
    expect([await state.users.get('alice'), await state.users.remove('alice')]).toEqual([undefined, undefined]);
  });

  test('has another version with each password', async () => {
    await using state = await openTestState(server.url);
    await state.users.add({ name: 'alice', role: 'viewer', password: PASSWORD }, 'root');
    const before = await state.users.get('alice');
    await state.users.changePassword('alice', 'a password of today');
    expect((await state.users.get('alice'))?.version).not.toBe(before?.version);
    expect(await state.users.find('alice', PASSWORD)).toBeUndefined();
    expect(await state.users.find('alice', 'a password of today')).toMatchObject({ role: 'viewer' });
    expect(await state.users.changePassword('bob', PASSWORD)).toBeUndefined();
  });

  test('whose row is damaged is no user', async () => {
    await using state = await openTestState(server.url);
    await state.redis.hset(state.keys.users, 'alice', '{"name":"alice"}');
    expect([await state.users.find('alice', PASSWORD), await state.users.list()]).toEqual([undefined, []]);
  });
});

describe('a session', () => {
  const login = { method: 'user', name: 'alice', credential: 'v1' } as const;
  const limits = { idle: 600, lifetime: 3600 };

  test('is found by its secret, of which Redis has the hash', async () => {
    await using state = await openTestState(server.url);
    const { session, secret } = await state.sessions.open({ ...login, groups: ['sre'] }, limits);
    expect(await state.sessions.find(secret, 600)).toEqual({ ...session, credential: 'v1', groups: ['sre'] });
    const keys = await state.redis.keys(`${state.keys.ours}*`);
    const values = await Promise.all(
      keys.filter((key) => key.includes(':session:')).map((key) => state.redis.get(key)),
    );
    expect([...keys, ...values].join(' ')).not.toContain(secret);
    expect(await state.sessions.find(randomBytes(32).toString('base64url'), 600)).toBeUndefined();
    expect(await state.sessions.find('x', 600)).toBeUndefined();
  });

  test('lives as long as it is used, but not beyond its end', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, {}, { now: clock.now });
    const { session, secret } = await state.sessions.open(login, limits);
    const key = (await state.redis.keys(`${state.keys.ours}session:*`))[0] ?? '';
    await state.redis.pexpire(key, 100_000);
    expect(await state.sessions.find(secret, 600)).toBeDefined();
    expect(await state.redis.pttl(key)).toBeGreaterThan(500_000);
    clock.ms = Date.parse(session.ends_at) - 1;
    expect(await state.sessions.find(secret, 600)).toBeDefined();
    clock.ms += 1;
    expect([await state.sessions.find(secret, 600), await state.sessions.list()]).toEqual([undefined, []]);
  });

  test('that was not used for its idle time is gone', async () => {
    await using state = await openTestState(server.url);
    const { secret } = await state.sessions.open(login, { idle: 0.05, lifetime: 3600 });
    await expect.poll(async () => state.sessions.list(), { timeout: 30_000 }).toEqual([]);
    expect(await state.sessions.find(secret, 600)).toBeUndefined();
    expect(await state.redis.zcard(state.keys.sessions)).toBe(0);
  });

  test('ends by its secret, its id, or the name of its user', async () => {
    await using state = await openTestState(server.url);
    const open = async (name: string) => state.sessions.open({ ...login, name }, limits);
    const [one, two, three, four] = [await open('alice'), await open('alice'), await open('alice'), await open('bob')];
    expect(await state.sessions.close(one.secret)).toEqual(one.session);
    expect(await state.sessions.close(one.secret)).toBeUndefined();
    expect(await state.sessions.revoke(two.session.id)).toEqual([two.session]);
    expect(await state.sessions.revoke('alice')).toEqual([three.session]);
    expect(await state.sessions.revoke('alice')).toEqual([]);
    expect(await state.sessions.list()).toEqual([four.session]);
    expect(await state.sessions.find(four.secret, 600)).toBeDefined();
  });
});
