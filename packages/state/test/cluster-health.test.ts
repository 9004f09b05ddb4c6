import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import { silentLogger } from '@nightcrier/core/logger';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ClusterHealthBoard, HEALTH_STALE_MS } from '../src/health/cluster-health.ts';
import { type ClusterLeases, LEASE_MS } from '../src/leases/cluster-leases.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { openState, type State } from '../src/open-state.ts';
import { connectProducer, disconnect } from '../src/redis/connection.ts';

let server: RedisServer;
let redis: Redis;
let state: State;
let board: ClusterHealthBoard;
let clock: number;
beforeAll(async () => {
  server = await startRedisServer();
  redis = connectProducer({ url: server.url, key_prefix: 'unused' }, silentLogger);
  await once(redis, 'ready');
});
beforeEach(() => {
  clock = NOW;
  state = openState(redis, { key_prefix: randomUUID(), logger: silentLogger });
  board = state.clusterHealth;
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

const ingester = (id: string) => state.openLeases({ id, now: () => clock });

/** Takes the clusters as the ingester and reports them now. */
async function report(leases: ClusterLeases, ...clusters: ClusterHealth[]): Promise<void> {
  const seen = (await leases.beat(new Map())).leases;
  const tokens = await leases.take(new Map(clusters.map(({ name }) => [name, seen.get(name)?.token ?? 0])));
  await board.publish(
    leases,
    clusters.map((health) => ({ token: tokens.get(health.name) ?? 0, health })),
    clock,
  );
}

test('shows what the ingester reported', async () => {
  await report(ingester('ingester-1'), active);
  expect(await board.read([prod], NOW + LEASE_MS - 1)).toEqual([
    { ...active, labels: { tier: 'one' }, owner: 'ingester-1' },
  ]);
});

test('a cluster whose ingester has died is disconnected, and keeps its history', async () => {
  await report(ingester('ingester-1'), active);
  expect(await board.read([prod], NOW + LEASE_MS)).toEqual([
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

test('a cluster whose ingester gives no sign of life for the time of a beat is disconnected, long before its lease is over', async () => {
  const leases = ingester('ingester-1');
  await report(leases, active);
  await leases.pulse();
  const [beat, lease] = [LEASE_MS / 3, LEASE_MS];
  expect(await board.read([prod], NOW + beat - 1)).toMatchObject([{ status: 'active', owner: 'ingester-1' }]);
  expect(await board.read([prod], NOW + beat)).toMatchObject([{ status: 'disconnected' }]);
  // It was paused, and nothing has taken its lease.
  clock = NOW + lease - 1;
  await leases.pulse();
  expect(await board.read([prod], clock)).toMatchObject([{ status: 'active', owner: 'ingester-1' }]);
});

test('a cluster that its ingester holds but no longer reports is disconnected', async () => {
  const leases = ingester('ingester-1');
  await report(leases, active);
  clock = NOW + HEALTH_STALE_MS + 1;
  const token = (await leases.beat(new Map())).leases.get('prod')?.token ?? 0;
  await leases.beat(new Map([['prod', token]]));
  expect(await board.read([prod], clock)).toMatchObject([{ status: 'disconnected', owner: 'ingester-1' }]);
});

test('an ingester that has lost a cluster cannot report it', async () => {
  const [former, present] = [ingester('former'), ingester('present')];
  await report(former, active);
  const token = (await former.beat(new Map())).leases.get('prod')?.token ?? 0;
  await report(present, { ...active, event_count: 1 });
  await board.publish(former, [{ token, health: { ...active, status: 'failed' } }], clock);
  expect(await board.read([prod], clock)).toMatchObject([{ status: 'active', event_count: 1, owner: 'present' }]);
});

test('a stopped cluster is shown as stopped after its lease was released', async () => {
  const leases = ingester('ingester-1');
  await report(leases, { ...active, status: 'stopped' });
  const token = (await leases.beat(new Map())).leases.get('prod')?.token ?? 0;
  await leases.release(new Map([['prod', token]]));
  expect(await board.read([prod], clock)).toMatchObject([{ status: 'stopped' }]);
  expect(await board.read([prod], clock + HEALTH_STALE_MS + 1)).toMatchObject([abandoned]);
});

test('a cluster that was never reported is disconnected', async () => {
  expect(await board.read([prod], NOW)).toEqual([{ ...prod, ...abandoned, event_count: 0 }]);
});

test('shows every configured cluster in order, and no other', async () => {
  await report(ingester('ingester-1'), active, { ...active, name: 'removed' });
  const other = { name: 'other', labels: {}, triage_enabled: false };
  const shown = await board.read([other, prod], NOW);
  expect(shown.map(({ name, status }) => [name, status])).toEqual([
    ['other', 'disconnected'],
    ['prod', 'active'],
  ]);
});

test('takes labels and triage from the configuration', async () => {
  await report(ingester('ingester-1'), { ...active, labels: { old: 'yes' } });
  const [shown] = await board.read([{ ...prod, triage_enabled: false }], NOW);
  expect(shown).toMatchObject({ labels: { tier: 'one' }, triage_enabled: false });
});

test('the last report counts, and a removed one is deleted', async () => {
  await report(ingester('ingester-1'), active);
  await report(ingester('ingester-2'), { ...active, status: 'failed', error: 'refused', retry_in: '2s' });
  expect(await board.read([prod], NOW + 2)).toMatchObject([{ status: 'failed', error: 'refused', retry_in: '2s' }]);
  await board.remove('prod');
  expect(await board.read([prod], NOW + 2)).toMatchObject([
    { status: 'disconnected', event_count: 0, owner: 'ingester-2' },
  ]);
});

test('an unreadable report does not hide the other clusters', async () => {
  await report(ingester('ingester-1'), active, { ...active, name: 'other' });
  await redis.hset(state.keys.health, 'other', '{"reported_at":');
  const shown = await board.read([prod, { ...prod, name: 'other' }], NOW);
  expect(shown).toMatchObject([{ status: 'active' }, { status: 'disconnected' }]);
});
