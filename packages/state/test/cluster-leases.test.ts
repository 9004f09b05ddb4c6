import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { silentLogger } from '@nightcrier/core/logger';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ClusterLeases, LEASE_MS } from '../src/leases/cluster-leases.ts';
import type { Heartbeat } from '../src/leases/heartbeat.ts';
import { openHeartbeat } from '../src/leases/open-heartbeat.ts';
import { showConnection } from '../src/leases/show-connection.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { openState, type State } from '../src/open-state.ts';
import { connectProducer, disconnect } from '../src/redis/connection.ts';
import { Clock } from './state.fixture.ts';

let server: RedisServer;
let redis: Redis;
let state: State;
let clock: Clock;
let key_prefix: string;
let a: ClusterLeases;
let b: ClusterLeases;
beforeAll(async () => {
  server = await startRedisServer();
  redis = connectProducer({ url: server.url, key_prefix: 'unused' }, silentLogger);
  await once(redis, 'ready');
});
beforeEach(() => {
  key_prefix = randomUUID();
  state = openState(redis, { key_prefix, logger: silentLogger });
  clock = new Clock();
  const leasesOf = (id: string) => state.openLeases({ id, now: clock.now });
  [a, b] = [leasesOf('a'), leasesOf('b')];
});
afterAll(async () => {
  await disconnect(redis);
  await server.stop();
});

const NOTHING = new Map<string, number>();
const free = (...clusters: string[]): Map<string, number> => new Map(clusters.map((cluster) => [cluster, 0]));
const owners = async (): Promise<object> => {
  const { leases } = await a.beat(NOTHING);
  return Object.fromEntries([...leases].map(([cluster, { owner }]) => [cluster, owner]));
};

test('a free lease is taken once, however many ingesters request it', async () => {
  const taken = await Promise.all(
    Array.from({ length: 20 }, (_, index) => state.openLeases({ id: `i-${index}` }).take(free('prod', 'staging'))),
  );
  expect(taken.flatMap((tokens) => [...tokens.keys()]).toSorted()).toEqual(['prod', 'staging']);
});

test('a lease is valid as long as it is renewed', async () => {
  const held = await a.take(free('prod'));
  clock.ms += LEASE_MS - 1;
  await a.beat(held);
  clock.ms += LEASE_MS - 1;
  const { now, leases } = await b.beat(NOTHING);
  expect((leases.get('prod')?.expires_at ?? 0) - now).toBe(1);
  clock.ms += 1;
  expect((await b.beat(NOTHING)).leases.get('prod')?.expires_at).toBe(clock.ms);
});

test('a lease that has changed is not taken; a taken one gets a greater token', async () => {
  const first = (await a.take(free('prod'))).get('prod') ?? 0;
  expect(await b.take(free('prod'))).toEqual(NOTHING);
  const second = (await b.take(new Map([['prod', first]]))).get('prod') ?? 0;
  expect(second).toBeGreaterThan(first);
  expect(await owners()).toEqual({ prod: 'b' });
  await b.release(new Map([['prod', second]]));
  expect((await a.take(free('prod'))).get('prod')).toBeGreaterThan(second);
});

test('an ingester that lost a lease can neither renew it, nor release it, nor write', async () => {
  const held = await a.take(free('prod'));
  const taken = await b.take(held);
  const expires = async (): Promise<string | null> => redis.hget(state.keys.leases, 'prod');
  const before = await expires();
  clock.ms += 1_000;
  await a.beat(held);
  await a.release(held);
  expect(await expires()).toBe(before);
  const { health } = state.keys;
  const report = (tokens: Map<string, number>, value: string) => [
    { cluster: 'prod', token: tokens.get('prod') ?? 0, value },
  ];
  expect(await b.write(health, report(taken, 'of b'))).toBe(0);
  expect(await a.write(health, report(held, 'of a'))).toBe(1);
  expect(await redis.hgetall(health)).toEqual({ prod: 'of b' });
});

test('an ingester that was paused past its lease keeps the leases that no other one took', async () => {
  const held = await a.take(free('prod', 'staging'));
  clock.ms += 10 * LEASE_MS;
  await b.take(new Map([['prod', held.get('prod') ?? 0]]));
  await a.beat(held);
  const { leases, now } = await b.beat(NOTHING);
  expect(leases.get('prod')?.owner).toBe('b');
  expect(leases.get('staging')).toMatchObject({ owner: 'a', expires_at: now + LEASE_MS });
});

test('lists the live ingesters: those with a recent heartbeat that are not leaving', async () => {
  await a.beat(NOTHING);
  expect((await b.beat(NOTHING)).ingesters.toSorted()).toEqual(['a', 'b']);
  await a.beat(NOTHING, { leaving: true });
  expect((await b.beat(NOTHING)).ingesters).toEqual(['b']);
  clock.ms += LEASE_MS;
  expect((await a.beat(NOTHING)).ingesters).toEqual(['a']);
});

test("uses Redis's clock by default", async () => {
  const { now } = await state.openLeases({ id: 'c' }).beat(NOTHING);
  expect(Math.abs(now - Date.now())).toBeLessThan(60_000);
});

test('lists the configurations that live ingesters refuse, until they accept one', async () => {
  clock.ms = Date.now();
  const board = state.ingesters;
  const refused = { process: 'a', error: 'x', problems: ['y'], since: '2026-03-01T12:00:00Z' };
  await a.beat(NOTHING, { refused });
  await b.beat(NOTHING, { refused: { ...refused, process: 'b', since: '2026-03-01T11:00:00Z' } });
  expect((await board.refused()).map(({ process }) => process)).toEqual(['b', 'a']);
  await b.beat(NOTHING);
  expect(await board.refused()).toEqual([refused]);
  clock.ms += LEASE_MS;
  await b.beat(NOTHING); // `a` has died
  expect(await board.refused()).toEqual([]);
});

test('an ingester learns of every change, whatever the others run, and reads the rest once', async () => {
  await a.beat(NOTHING);
  await a.take(free('prod', 'staging', 'test'));
  expect((await b.beat(NOTHING)).changed).toBeUndefined();
  expect((await b.beat(NOTHING)).changed).toEqual([]);
  const taken = await a.take(free('dev'));
  expect(await b.beat(NOTHING)).toMatchObject({ changed: ['dev'] });
  await a.release(taken);
  const { changed, leases } = await b.beat(NOTHING);
  expect({ changed, clusters: [...leases.keys()].toSorted() }).toEqual({
    changed: ['dev'],
    clusters: ['prod', 'staging', 'test'],
  });
  // A process of a version without the log: it takes, and it releases.
  const lease = { owner: 'old', token: await redis.incr(state.keys.leaseToken), expires_at: clock.ms + LEASE_MS };
  await redis.hset(state.keys.leases, 'prod', JSON.stringify(lease));
  await a.take(free('dev'));
  expect((await b.beat(NOTHING)).leases.get('prod')).toMatchObject({ owner: 'old' });
  lease.expires_at += 1_000;
  await redis.hset(state.keys.leases, 'prod', JSON.stringify(lease));
  expect((await b.beat(NOTHING)).leases.get('prod')).toEqual(lease);
  await redis.hdel(state.keys.leases, 'prod');
  await b.beat(NOTHING);
  expect([...(await b.beat(NOTHING)).leases.keys()].toSorted()).toEqual(['dev', 'staging', 'test']);
  expect((await b.beat(NOTHING)).changed).toEqual([]);
  // Redis has lost what it had.
  await redis.del(state.keys.leases, state.keys.leaseToken, state.keys.leaseLog);
  await a.take(free('new'));
  expect([...(await b.beat(NOTHING)).leases.keys()]).toEqual(['new']);
});

test('a beat reads and writes what the ingester holds and what has changed, however many leases the others hold', async () => {
  const many = Array.from({ length: 2_500 }, (_, index) => `cluster-${index}`);
  await a.beat(NOTHING);
  await a.take(free(...many));
  const held = await b.take(free('prod', 'staging'));
  await b.beat(held);
  const before = await leaseReads();
  await b.beat(held);
  const idle = await leaseReads();
  await a.take(free('dev'));
  const taken = await leaseReads();
  const { changed } = await b.beat(held);
  expect({ changed, idle: idle - before, changing: (await leaseReads()) - taken }).toEqual({
    changed: ['dev'],
    idle: 1,
    changing: 2,
  });
});

/** Returns how many commands have read leases so far; one that reads all counts as a million. */
async function leaseReads(): Promise<number> {
  const stats = await redis.info('commandstats');
  const calls = (command: string): number =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  return calls('hget') + calls('hmget') + 1_000_000 * (calls('hgetall') + calls('hvals'));
}

test('the log of changes is no longer than what it is about', async () => {
  for (let i = 0; i < 3; i += 1) {
    const clusters = free(...Array.from({ length: 500 }, (_, index) => `gone-${i}-${index}`));
    await a.release(await a.take(clusters));
  }
  expect(await redis.zcard(state.keys.leaseLog)).toBeLessThanOrEqual(1_001);
  await a.take(free('prod'));
  await b.beat(NOTHING);
  expect([...(await b.beat(NOTHING)).leases.keys()]).toEqual(['prod']);
});

test('a sign of life shows until when each ingester runs, except those that give none', async () => {
  const ended = state.openLeases({ id: 'ended', now: clock.now });
  await state.openLeases({ id: 'without', now: clock.now }).beat(NOTHING);
  await ended.pulse();
  clock.ms += LEASE_MS;
  await a.pulse();
  clock.ms += 1_000;
  const { now, runsUntil } = await b.pulse();
  expect(now).toBe(clock.ms);
  expect(runsUntil).toEqual(
    new Map([
      ['ended', now - 1_000 - LEASE_MS + LEASE_MS / 3],
      ['a', now - 1_000 + LEASE_MS / 3],
      ['b', now + LEASE_MS / 3],
    ]),
  );
});

const heartbeatOf = (id: string): Heartbeat =>
  openHeartbeat(redis, { key_prefix, id, length: LEASE_MS, now: clock.now });

test('the sign of life of an ingester that has lost its connection is ended, unless it has given another one', async () => {
  await a.pulse();
  const lost = new Map([['a', clock.ms + LEASE_MS / 3]]);
  clock.ms += 1_000;
  await a.pulse();
  expect((await heartbeatOf('b').pulse(lost)).runsUntil.get('a')).toBe(clock.ms + LEASE_MS / 3);
  expect((await heartbeatOf('b').pulse(new Map([['a', clock.ms + LEASE_MS / 3]]))).runsUntil.get('a')).toBe(clock.ms);
  expect((await heartbeatOf('b').pulse(new Map([['unknown', clock.ms]]))).runsUntil.has('unknown')).toBe(false);
});

test('the connection of an ingester is shown as long as it is open, and its sign of life is not ended meanwhile', async () => {
  const connection = connectProducer({ url: server.url, key_prefix }, silentLogger);
  const shown = async (): Promise<string[]> => [...(await b.pulse()).connected];
  try {
    showConnection(connection, key_prefix, 'a', () => undefined);
    await a.pulse();
    await expect.poll(shown).toEqual(['a']);
    const { runsUntil } = await b.pulse();
    const lost = new Map([['a', runsUntil.get('a') ?? 0]]);
    expect((await heartbeatOf('b').pulse(lost)).runsUntil).toEqual(runsUntil);
    // It does everything else as before, and shows again after it was closed.
    expect(await connection.exists(state.keys.leases)).toBe(0);
    const reopened = once(connection, 'close').then(() => once(connection, 'ready'));
    connection.disconnect(true);
    await reopened;
    await expect.poll(shown).toEqual(['a']);
  } finally {
    connection.disconnect();
  }
  await expect.poll(shown).toEqual([]);
});

test('a connection that is closed while it is shown again fails nothing, and is shown after the next connect', async () => {
  const connection = connectProducer({ url: server.url, key_prefix }, silentLogger);
  const failures: unknown[] = [];
  const note = (error: unknown): void => void failures.push(error);
  process.on('unhandledRejection', note);
  try {
    await a.pulse();
    await once(connection, 'ready');
    showConnection(connection, key_prefix, 'a', () => undefined);
    await expect.poll(async () => (await b.pulse()).connected.has('a')).toBe(true);
    connection.disconnect(true);
    await once(connection, 'ready');
    connection.stream.destroy();
    await once(connection, 'ready');
    await expect.poll(async () => (await b.pulse()).connected.has('a')).toBe(true);
    expect(failures).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
    connection.disconnect();
  }
});
