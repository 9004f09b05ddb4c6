import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ClusterHealth } from '@nightcrier/core/cluster-health';
import { silentLogger } from '@nightcrier/core/logger';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ClusterHealthBoard, HEALTH_STALE_MS } from '../src/cluster-health.ts';
import { type EmbeddedRedis, startEmbeddedRedis } from '../src/embedded-redis.ts';
import { StateKeys } from '../src/keys.ts';
import { connectProducer, disconnect } from '../src/redis.ts';

let server: EmbeddedRedis;
let redis: Redis;
let board: ClusterHealthBoard;
let key_prefix: string;
beforeAll(async () => {
  server = await startEmbeddedRedis({ logger: silentLogger });
  redis = connectProducer({ url: server.url, key_prefix: 'unused' }, silentLogger);
  await once(redis, 'ready');
});
beforeEach(() => {
  key_prefix = randomUUID();
  board = new ClusterHealthBoard({ redis, key_prefix, logger: silentLogger });
});
afterAll(async () => {
  await disconnect(redis);
  await server.stop();
});

const NOW = Date.parse('2026-03-01T12:00:00Z');
const prod = { name: 'prod', labels: { tier: 'one' }, triage_enabled: true };
const active: ClusterHealth = {
  name: 'prod',
  status: 'active',
  last_event: '2026-03-01T11:59:59Z',
  event_count: 7,
  triage_enabled: true,
  mode: 'subscribe',
};
const abandoned = { status: 'disconnected', error: 'no ingester holds this cluster' };

test('shows what the ingester reported', async () => {
  await board.publish('ingester-1', [active], NOW);
  expect(await board.read([prod], NOW + HEALTH_STALE_MS)).toEqual([{ ...active, labels: { tier: 'one' } }]);
});

test('a cluster whose ingester stopped reporting is disconnected, and keeps its history', async () => {
  await board.publish('ingester-1', [active], NOW);
  expect(await board.read([prod], NOW + HEALTH_STALE_MS + 1)).toEqual([
    {
      name: 'prod',
      ...abandoned,
      last_event: active.last_event,
      event_count: 7,
      labels: prod.labels,
      triage_enabled: true,
    },
  ]);
});

test('a cluster that nobody ever reported is disconnected', async () => {
  expect(await board.read([prod], NOW)).toEqual([{ ...prod, ...abandoned, event_count: 0 }]);
});

test('shows every configured cluster in order, and no other', async () => {
  await board.publish('ingester-1', [active, { ...active, name: 'removed' }], NOW);
  const other = { name: 'other', labels: {}, triage_enabled: false };
  const shown = await board.read([other, prod], NOW);
  expect(shown.map(({ name, status }) => [name, status])).toEqual([
    ['other', 'disconnected'],
    ['prod', 'active'],
  ]);
});

test('takes labels and triage from the configuration', async () => {
  await board.publish('ingester-1', [{ ...active, labels: { old: 'yes' } }], NOW);
  const [shown] = await board.read([{ ...prod, triage_enabled: false }], NOW);
  expect(shown).toMatchObject({ labels: { tier: 'one' }, triage_enabled: false });
});

test('the last report counts, and a removed one is gone', async () => {
  await board.publish('ingester-1', [active], NOW);
  await board.publish('ingester-2', [{ ...active, status: 'failed', error: 'refused', retry_in: '2s' }], NOW + 1);
  expect(await board.read([prod], NOW + 2)).toMatchObject([{ status: 'failed', error: 'refused', retry_in: '2s' }]);
  await board.remove('prod');
  expect(await board.read([prod], NOW + 2)).toMatchObject([abandoned]);
});

test('an unreadable report does not hide the other clusters', async () => {
  await board.publish('ingester-1', [active, { ...active, name: 'other' }], NOW);
  await redis.hset(new StateKeys(key_prefix).health, 'other', '{"reported_at":');
  const shown = await board.read([prod, { ...prod, name: 'other' }], NOW);
  expect(shown).toMatchObject([{ status: 'active' }, abandoned]);
});
