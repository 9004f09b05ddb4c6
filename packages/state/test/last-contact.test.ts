import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { Clock, fault, openTestState } from './state.fixture.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedisServer();
});
afterAll(() => redis.stop());

test('a contact is read as it was written, and undefined before', async () => {
  await using state = await openTestState(redis.url);
  const contacts = state.lastContacts;
  expect(await contacts.read('prod')).toBeUndefined();
  const leases = state.openLeases({ id: 'ingester-1' });
  const token = (await leases.take(new Map([['prod', 0]]))).get('prod') ?? 0;
  await contacts.write(leases, [{ cluster: 'prod', token, contact: { at: 1_000, blindMs: 20, hasSessions: true } }]);
  expect(await contacts.read('prod')).toEqual({ at: 1_000, blindMs: 20, hasSessions: true });
});

test('kinds that could not be listed are read with the contact, and are no condition for it', async () => {
  await using state = await openTestState(redis.url);
  const contacts = state.lastContacts;
  const leases = state.openLeases({ id: 'ingester-1' });
  const token = (await leases.take(new Map([['prod', 0]]))).get('prod') ?? 0;
  const blindKinds = [{ kind: 'jobs', by: 'mcp' as const, reason: 'forbidden', since: 900, blindMs: 5 }];
  await contacts.write(leases, [{ cluster: 'prod', token, contact: { at: 1_000, blindMs: 20, blindKinds } }]);
  expect(await contacts.read('prod')).toEqual({ at: 1_000, blindMs: 20, blindKinds });
  const later = JSON.stringify({ at: 2_000, blindMs: 20, blindKinds: 'of a later version' });
  await state.redis.hset(state.keys.lastContacts, 'prod', later);
  expect(await contacts.read('prod')).toEqual({ at: 2_000, blindMs: 20 });
});

test('an ingester that has lost a cluster cannot write its contact', async () => {
  await using state = await openTestState(redis.url);
  const contacts = state.lastContacts;
  const [former, present] = ['former', 'present'].map((id) => state.openLeases({ id }));
  const lost = (await former?.take(new Map([['prod', 0]])))?.get('prod') ?? 0;
  const token = (await present?.take(new Map([['prod', lost]])))?.get('prod') ?? 0;
  if (present) await contacts.write(present, [{ cluster: 'prod', token, contact: { at: 1_000, blindMs: 20 } }]);
  if (former) await contacts.write(former, [{ cluster: 'prod', token: lost, contact: { at: 9_000, blindMs: 0 } }]);
  expect(await contacts.read('prod')).toEqual({ at: 1_000, blindMs: 20 });
});

test('a fault is known up to the time at which it was last seen, also after the window', async () => {
  const clock = new Clock();
  await using state = await openTestState(redis.url, { dedup_window_seconds: 0 }, { now: clock.now });
  const contacts = state.lastContacts;
  const known = (since: number, fingerprint = 'f-1') =>
    contacts.known('prod', [{ fingerprint, since }]).then(([answer]) => answer);
  expect(await known(0)).toBe(false);
  await state.admission.admit(fault({ id: 'f-1' }));
  expect([await known(0), await known(clock.ms), await known(clock.ms + 1), await known(0, 'f-2')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  clock.ms += 5_000;
  await state.admission.admit(fault({ id: 'f-1' }));
  expect(await known(clock.ms)).toBe(true);
});

test('a fault whose incident was evicted is not known', async () => {
  await using state = await openTestState(redis.url, { global_queue_size: 1 });
  const contacts = state.lastContacts;
  await state.admission.admit(fault({ id: 'mild' }));
  await state.admission.admit(fault({ id: 'severe', severity: 'critical' }));
  const sightings = ['mild', 'severe'].map((fingerprint) => ({ fingerprint, since: 0 }));
  expect(await contacts.known('prod', sightings)).toEqual([false, true]);
});
