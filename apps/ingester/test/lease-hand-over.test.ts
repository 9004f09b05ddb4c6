import type { ClusterHealth, ConnectionStatus } from '@nightcrier/core/clusters/cluster-health';
import { silentLogger } from '@nightcrier/core/logger';
import { openState } from '@nightcrier/state/open-state';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { HeldLeases } from '../src/leases/held-leases.ts';
import { LeaseKeeper } from '../src/leases/lease-keeper.ts';
import { useRedis } from './ingester.fixture.ts';

const redis = useRedis();
const patient = { timeout: 60_000 };

async function openTestState() {
  const connection = connectProducer({ url: redis.url, key_prefix: 'unused' }, silentLogger);
  await once(connection, 'ready');
  onTestFinished(() => disconnect(connection));
  return openState(connection, { key_prefix: randomUUID(), logger: silentLogger });
}

/** An ingester that watches `alpha` by its lease, and another one, which takes the lease as after a pause of the first. */
async function startOwner() {
  const state = await openTestState();
  const [own, other] = [state.openLeases({ id: 'own', length: 1_500 }), state.openLeases({ id: 'other' })];
  let watched: ReadonlySet<string> = new Set();
  let isActive = true;
  const held = new HeldLeases();
  const keeper = new LeaseKeeper({
    leases: own,
    held,
    clusters: ['alpha'],
    isActive: () => isActive && watched.has('alpha'),
    activeOwners: (clusters) => state.clusterHealth.activeOwners(clusters),
    logger: silentLogger,
  });
  keeper.events.on('watch', (clusters) => (watched = clusters));
  keeper.start();
  onTestFinished(() => keeper.stop());
  await expect.poll(() => held.tokenOf('alpha'), patient).toBeGreaterThan(0);
  const seen = held.tokenOf('alpha') ?? 0;
  await other.beat(new Map());
  const token = (await other.take(new Map([['alpha', seen]]))).get('alpha') ?? 0;
  expect(token).toBeGreaterThan(seen);
  const beating = setInterval(() => void other.beat(new Map([['alpha', token]])).catch(() => undefined), 100);
  onTestFinished(() => clearInterval(beating));
  const report = (status: ConnectionStatus): Promise<void> => {
    const health: ClusterHealth = { name: 'alpha', status, event_count: 0, triage_enabled: true, labels: {} };
    return state.clusterHealth.publish(other, [{ token, health }]);
  };
  return {
    held,
    report,
    watches: () => watched.has('alpha'),
    lose: () => (isActive = false),
  };
}

test('a cluster whose lease was taken is watched until its new owner is subscribed, and then no more', async () => {
  const { held, report, watches } = await startOwner();
  await expect.poll(() => held.tokenOf('alpha'), patient).toBeUndefined();
  expect(watches()).toBe(true);
  await report('connecting');
  // Several renewals later.
  let checks = 0;
  await expect.poll(() => watches() && (checks += 1) > 20, { ...patient, interval: 100 }).toBe(true);
  await report('active');
  await expect.poll(watches, patient).toBe(false);
});

test('a cluster whose lease was taken, and whose connection is lost, is left at once', async () => {
  const { watches, lose } = await startOwner();
  lose();
  await expect.poll(watches, patient).toBe(false);
});

test('an ingester that starts takes many clusters step by step, until no other one joins', async () => {
  const state = await openTestState();
  const held = new HeldLeases();
  let now = 0;
  const watches: number[] = [];
  const keeper = new LeaseKeeper({
    leases: state.openLeases({ id: 'own', length: 6_000 }),
    held,
    clusters: Array.from({ length: 200 }, (_, index) => `cluster-${index}`),
    isActive: () => false,
    activeOwners: (clusters) => state.clusterHealth.activeOwners(clusters),
    logger: silentLogger,
    now: () => now,
  });
  keeper.events.on('watch', (clusters) => {
    watches.push(clusters.size);
    // The window is over.
    if (watches.length === 2) now = 10_000;
  });
  keeper.start();
  onTestFinished(() => keeper.stop());
  await expect.poll(() => held.tokens.size, patient).toBe(200);
  expect(watches).toEqual([50, 100, 200]);
});
