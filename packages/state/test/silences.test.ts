import { NewSilence } from '@nightcrier/core/silences/silence';
import { MaintenanceWindow } from '@nightcrier/core/silences/maintenance-window';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CurrentSilences } from '../src/silences/current-silences.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { Clock, fault, openTestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

const wanted = (changes: object = {}) =>
  NewSilence.parse({ matchers: 'cluster="prod"', duration: 3600, comment: 'a migration', ...changes });

test('a silence is added, listed and ended', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, {}, { now: clock.now });
  const silence = await state.silences.add(wanted(), 'alice');
  expect(silence).toMatchObject({
    matchers: 'cluster="prod"',
    starts_at: '2026-03-01T12:00:00.000Z',
    ends_at: '2026-03-01T13:00:00.000Z',
    created_by: 'alice',
    investigate: false,
  });
  expect(await state.silences.list()).toEqual([silence]);
  clock.ms += 60_000;
  const expired = { ...silence, ends_at: '2026-03-01T12:01:00.000Z', expired_by: 'bob' };
  expect(await state.silences.expire(silence.id, 'bob')).toEqual(expired);
  expect(await state.silences.expire(silence.id, 'bob')).toBeUndefined();
  expect(await state.silences.expire('unknown', 'bob')).toBeUndefined();
  expect(await state.silences.list()).toEqual([expired]);
});

test('a silence is forgotten a week after its end, by the next one that is added', async () => {
  const clock = new Clock();
  await using state = await openTestState(server.url, {}, { now: clock.now });
  await state.silences.add(wanted(), 'alice');
  clock.ms += 3600_000 + 7 * 86_400_000;
  const next = await state.silences.add(wanted(), 'alice');
  expect(await state.silences.list()).toHaveLength(2);
  clock.ms += 1;
  const last = await state.silences.add(wanted(), 'alice');
  expect(new Set((await state.silences.list()).map(({ id }) => id))).toEqual(new Set([next.id, last.id]));
});

test('a silence that would be over is refused', async () => {
  await using state = await openTestState(server.url, {}, { now: new Clock().now });
  const over = wanted({ duration: undefined, ends_at: '2026-03-01T11:59:59Z' });
  await expect(state.silences.add(over, 'alice')).rejects.toThrow(RangeError);
});

test('a damaged row hides no other silence', async () => {
  await using state = await openTestState(server.url);
  const silence = await state.silences.add(wanted(), 'alice');
  await state.redis.hset(state.keys.silences, { bad: '{', worse: '"x"' });
  expect(await state.silences.list()).toEqual([silence]);
});

test('what applies now is read at most once a second, and a failure is not remembered', async () => {
  const clock = new Clock();
  let reads = 0;
  let fails = false;
  const window = MaintenanceWindow.parse({ name: 'w', matchers: 'cluster="x"', cron: '0 12 * * *', duration: '1h' });
  const current = new CurrentSilences({
    list: async () => {
      reads += 1;
      if (fails) throw new Error('Redis is unreachable');
      return [];
    },
    windows: () => [window],
    now: clock.now,
  });
  const rules = await current.rules();
  expect(rules.silencing(new Map([['cluster', 'x']]), undefined, clock.ms)).toMatchObject({ by: 'maintenance' });
  await Promise.all([current.rules(), current.rules()]);
  expect(reads).toBe(1);
  clock.ms += 1000;
  fails = true;
  await expect(current.rules()).rejects.toThrow('unreachable');
  fails = false;
  await current.rules();
  expect(reads).toBe(3);
});

test('the latest fault of a silenced problem is kept until it is forgotten', async () => {
  await using state = await openTestState(server.url);
  const { silencedFaults } = state;
  const event = { ...fault(), problem: 'shop/cart' };
  await silencedFaults.keep(event, 'one');
  await silencedFaults.keep({ ...event, source: 'resync' }, 'two');
  expect(await silencedFaults.clusters()).toEqual([event.cluster_name]);
  expect(await silencedFaults.list(event.cluster_name)).toEqual([
    { name: 'shop/cart', incident_id: 'two', event: { ...event, source: 'resync' } },
  ]);
  await state.redis.hset(state.keys.silencedFaults(event.cluster_name), 'bad', '{');
  expect(await silencedFaults.list(event.cluster_name)).toHaveLength(1);
  await silencedFaults.forget(event.cluster_name, 'shop/cart');
  await silencedFaults.forget(event.cluster_name, 'bad');
  expect(await silencedFaults.list(event.cluster_name)).toEqual([]);
  expect(await silencedFaults.clusters()).toEqual([]);
});
