import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { openTestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

const notification = (id: string, sequence: number) => ({
  id,
  sequence,
  event: 'recurred',
  at: '2026-11-26T12:00:00Z',
  problem: {
    cluster: 'alpha',
    key: 'shop/cart',
    state: 'firing',
    severity: 'critical',
    since: '2026-11-26T11:00:00Z',
    labels: {},
    workload: 'cart',
    fault_types: ['CrashLoop'],
    // As Lua encodes an empty list.
    symptoms: {},
    recurrences: sequence,
    flapping: false,
  },
  incident_id: 'i-1',
});

it('returns what a script has noted, the earliest first, and keeps what has replaced a notification that was taken', async () => {
  await using state = await openTestState(server.url);
  const { problemOutbox: outbox, redis, keys } = state;
  const note = async (id: string, sequence: number) =>
    redis.hset(keys.dueProblemNotifications, id, JSON.stringify(notification(id, sequence)));
  await note('b', 2);
  await note('a', 1);
  const [first, second] = await outbox.due();
  expect([first, second]).toMatchObject([
    { notification: { id: 'a', problem: { symptoms: [], labels: {} } } },
    { notification: { id: 'b', incident_id: 'i-1' } },
  ]);
  await note('a', 3);
  await outbox.taken(first!);
  await outbox.taken(second!);
  expect(await outbox.due()).toMatchObject([{ notification: { id: 'a', sequence: 3 } }]);
});

it('an unreadable entry is logged and removed', async () => {
  const errors: object[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => void errors.push(fields) };
  await using state = await openTestState(server.url, {}, { logger });
  const { problemOutbox: outbox, redis, keys } = state;
  await redis.hset(keys.dueProblemNotifications, 'x', '{"event":"no such thing"}');
  expect([await outbox.due(), await outbox.due()]).toEqual([[], []]);
  expect(errors).toMatchObject([{ name: 'x' }]);
});
