import { silentLogger } from '@nightcrier/core/logger';
import type { StreamEvent } from '@nightcrier/core/api/stream-event';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { FIRST_EVENT } from '../src/events/event-stream.ts';
import { openState, type State } from '../src/open-state.ts';
import { connectWorker, disconnect } from '../src/redis/connection.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

function open(): State {
  const key_prefix = randomUUID();
  const redis = connectWorker({ url: server.url, key_prefix }, silentLogger);
  onTestFinished(() => disconnect(redis));
  return openState(redis, { key_prefix, logger: silentLogger });
}

const dataOf = (events: StreamEvent[]): unknown[] => events.map(({ data }) => data);
const cluster = (name: string, status: 'active' | 'failed', degraded?: string) => ({
  name,
  status,
  ...(degraded !== undefined && { degraded }),
});

test('a change of the status of a cluster is one event, whichever processes notice it', async () => {
  const { events } = open();
  await events.noteClusters([cluster('a', 'active'), cluster('b', 'failed')], 1_000);
  await events.noteClusters([cluster('a', 'active'), cluster('b', 'active')], 2_000);
  await events.noteClusters([cluster('a', 'active'), cluster('b', 'active')], 2_001);
  expect(dataOf(await events.after(FIRST_EVENT, 10))).toEqual([
    { name: 'a', status: 'active', degraded: false },
    { name: 'b', status: 'failed', degraded: false },
    { name: 'b', status: 'active', degraded: false },
  ]);
});

test('what was read before the latest change of a cluster is no event', async () => {
  const { events } = open();
  await events.noteClusters([cluster('a', 'active', 'half of it')], 2_000);
  await events.noteClusters([cluster('a', 'failed')], 1_000);
  expect(dataOf(await events.after(FIRST_EVENT, 10))).toEqual([{ name: 'a', status: 'active', degraded: true }]);
});

test('events are read from an id on, and waited for', async () => {
  const { events, redis } = open();
  expect(await events.lastId()).toBe(FIRST_EVENT);
  for (const at of [1, 2, 3]) await events.noteClusters([cluster(`cluster-${at}`, 'active')], at);
  const [first, second, third] = await events.after(FIRST_EVENT, 10);
  expect([await events.firstId(), await events.lastId()]).toEqual([first?.id, third?.id]);
  expect(await events.after(first?.id ?? '', 1)).toEqual([second]);
  expect(await events.wait(redis, second?.id ?? '', 10, 10)).toEqual({ events: [third], last: third?.id });
  expect(await events.wait(redis, third?.id ?? '', 10, 10)).toEqual({ events: [], last: third?.id });
});

test('an event of a later version is passed over, and a stream of another type has none', async () => {
  const { events, keys, redis } = open();
  await redis.xadd(keys.events, '*', 'kind', 'comet', 'data', '{}');
  await redis.xadd(keys.events, '*', 'kind', 'cluster', 'data', '{');
  await events.noteClusters([cluster('a', 'active')], 1);
  expect(dataOf(await events.after(FIRST_EVENT, 10))).toEqual([{ name: 'a', status: 'active', degraded: false }]);
  const { last } = await events.wait(redis, FIRST_EVENT, 10, 2);
  expect(last).not.toBe(FIRST_EVENT);
  await redis.del(keys.events);
  await redis.set(keys.events, 'text');
  expect(await events.after(FIRST_EVENT, 10)).toEqual([]);
});
