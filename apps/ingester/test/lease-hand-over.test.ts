import type { ClusterHealth, ConnectionStatus } from '@nightcrier/core/clusters/cluster-health';
import { rankIngesters } from '@nightcrier/core/clusters/placement';
import { silentLogger } from '@nightcrier/core/logger';
import { openHeartbeat } from '@nightcrier/state/leases/open-heartbeat';
import { showConnection } from '@nightcrier/state/leases/show-connection';
import { openState } from '@nightcrier/state/open-state';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { EventEmitter, once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { HeldLeases } from '../src/leases/held-leases.ts';
import { LeaseGuard } from '../src/leases/lease-guard.ts';
import { LeaseKeeper } from '../src/leases/lease-keeper.ts';
import { useRedis } from './ingester.fixture.ts';

const redis = useRedis();
const patient = { timeout: 60_000 };

async function openTestState() {
  const key_prefix = randomUUID();
  const connection = connectProducer({ url: redis.url, key_prefix: 'unused' }, silentLogger);
  await once(connection, 'ready');
  onTestFinished(() => disconnect(connection));
  return { ...openState(connection, { key_prefix, logger: silentLogger }), key_prefix };
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

/** An ingester that should not hold `alpha` as long as `other` lives, which holds it and renews it all the while. */
async function startSecond() {
  const state = await openTestState();
  const other = state.openLeases({ id: 'other' });
  await other.beat(new Map());
  const token = (await other.take(new Map([['alpha', 0]]))).get('alpha') ?? 0;
  const beating = setInterval(() => void other.beat(new Map([['alpha', token]])).catch(() => undefined), 100);
  onTestFinished(() => clearInterval(beating));
  const id = Array.from({ length: 50 }, (_, index) => `own-${index}`).find(
    (one) => rankIngesters('alpha', [one, 'other'])[0] === 'other',
  );
  const held = new HeldLeases();
  const events = new EventEmitter<{ silent: [ids: ReadonlySet<string>] }>();
  let watched: ReadonlySet<string> = new Set();
  let isActive = false;
  let renewals = 0;
  const keeper = new LeaseKeeper({
    leases: state.openLeases({ id: id ?? '', length: 1_500 }),
    held,
    guard: { events, start: () => undefined, update: () => (renewals += 1), stop: async () => undefined },
    clusters: ['alpha'],
    isActive: () => isActive,
    activeOwners: (clusters) => state.clusterHealth.activeOwners(clusters),
    logger: silentLogger,
  });
  keeper.events.on('watch', (clusters) => (watched = clusters));
  const takeovers: boolean[] = [];
  keeper.events.on('takeover', (isRunning) => takeovers.push(isRunning));
  keeper.start();
  onTestFinished(() => keeper.stop());
  return {
    held,
    takeovers,
    watches: () => watched.has('alpha'),
    silence: (...ids: string[]) => events.emit('silent', new Set(ids)),
    activate: () => {
      isActive = true;
      keeper.clusterChanged('alpha');
    },
    renewals: () => renewals,
  };
}

test('the cluster of an ingester that gives no sign of life is watched, and taken when its faults arrive, before its lease is over', async () => {
  const { held, takeovers, watches, silence, activate, renewals } = await startSecond();
  await expect.poll(renewals, patient).toBeGreaterThan(1);
  expect(watches()).toBe(false);
  silence('other');
  await expect.poll(watches, patient).toBe(true);
  const before = renewals();
  await expect.poll(renewals, patient).toBeGreaterThan(before + 1);
  expect(held.tokenOf('alpha')).toBeUndefined();
  expect(takeovers).toEqual([true]);
  activate();
  await expect.poll(() => held.tokenOf('alpha'), patient).toBeGreaterThan(0);
  await expect.poll(() => takeovers, patient).toEqual([true, false]);
});

test('an ingester that gives a sign of life again keeps what was not taken from it', async () => {
  const { held, takeovers, watches, silence, renewals } = await startSecond();
  await expect.poll(renewals, patient).toBeGreaterThan(0);
  silence('other');
  await expect.poll(watches, patient).toBe(true);
  silence();
  await expect.poll(watches, patient).toBe(false);
  expect(held.tokenOf('alpha')).toBeUndefined();
  expect(takeovers).toEqual([true, false]);
});

test('the lease thread reports an ingester that gives no sign of life, and that it gives one again', async () => {
  const state = await openTestState();
  // Of a shorter one, the observations are not steady on a busy machine.
  const length = 6_000;
  const other = state.openLeases({ id: 'other', length });
  await other.pulse();
  const settings = { url: redis.url, key_prefix: state.key_prefix };
  const guard = new LeaseGuard({ redis: settings, id: 'own', length, logger: silentLogger });
  let silent: string[] = [];
  guard.events.on('silent', (ids) => (silent = [...ids]));
  guard.start();
  onTestFinished(() => guard.stop());
  await expect.poll(() => silent, patient).toEqual(['other']);
  const pulsing = setInterval(() => void other.pulse().catch(() => undefined), 50);
  onTestFinished(() => clearInterval(pulsing));
  await expect.poll(() => silent, patient).toEqual([]);
});

test('the lease thread reports an ingester whose connection was closed, long before its sign of life is over', async () => {
  const state = await openTestState();
  const settings = { url: redis.url, key_prefix: state.key_prefix };
  const other = connectProducer(settings, silentLogger);
  onTestFinished(() => other.disconnect());
  await once(other, 'ready');
  showConnection(other, state.key_prefix, 'other', () => undefined);
  // Its sign of life is valid for an hour.
  await openHeartbeat(other, { key_prefix: state.key_prefix, id: 'other', length: 3 * 3_600_000 }).pulse();
  const guard = new LeaseGuard({ redis: settings, id: 'own', length: 6_000, logger: silentLogger });
  let silent: string[] = [];
  guard.events.on('silent', (ids) => (silent = [...ids]));
  guard.start();
  onTestFinished(() => guard.stop());
  const observer = state.openLeases({ id: 'observer' });
  // The thread has observed the other one, too, once it has given several signs of life.
  const signs = new Set<number | undefined>();
  await expect
    .poll(async () => signs.add((await observer.pulse()).runsUntil.get('own')).size, patient)
    .toBeGreaterThan(3);
  other.disconnect();
  await expect.poll(() => silent, patient).toEqual(['other']);
});
