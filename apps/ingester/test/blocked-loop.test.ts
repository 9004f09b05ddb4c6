import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { clusterConfig, configOf, openState, simulate, useRedis } from './ingester.fixture.ts';
import { spawnIngester } from './ingester-process.fixture.ts';

const redis = useRedis();

/** In leases: longer than any lease lasts that nobody renews. */
const BLOCK_LEASES = 1.5;
/** A renewal may be late by seconds on a busy machine. */
const LEASE_SECONDS = 6;

test('an ingester whose event loop is blocked keeps its leases', async () => {
  const cluster = await simulate();
  const { triage } = await clusterConfig(cluster);
  const key_prefix = `test-${randomUUID()}`;
  const blockMs = BLOCK_LEASES * LEASE_SECONDS * 1_000;
  const settings = {
    redis: { url: redis.url, key_prefix },
    cluster_lease: LEASE_SECONDS,
    shutdown_timeout: 10,
    clusters: [{ name: 'alpha', mcp: { endpoint: cluster.mcpEndpoint }, triage }],
  };
  const { child } = await spawnIngester(settings, { blockMs });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const { board, openLeases } = openState(configOf([], { redis: { url: redis.url, key_prefix } }));
  const observer = openLeases('observer');
  const leaseOfAlpha = async () => {
    const { leases, now } = await observer.beat(new Map(), { leaving: true });
    const lease = leases.get('alpha');
    return lease && { token: lease.token, isValid: lease.expires_at > now };
  };
  const configured = [{ name: 'alpha', labels: {}, triage_enabled: true }];
  const health = async () => (await board.read(configured))[0];
  await expect.poll(health, { timeout: 30_000 }).toMatchObject({ status: 'active' });
  const before = await leaseOfAlpha();

  child.kill('SIGUSR2');
  const blockedUntil = Date.now() + blockMs - 500;
  while (Date.now() < blockedUntil) {
    expect(await leaseOfAlpha()).toEqual({ token: before?.token, isValid: true });
    await sleep(100);
  }
  await expect.poll(() => log, { timeout: 30_000 }).toContain('event loop was blocked; leases were renewed');
  expect(await leaseOfAlpha()).toEqual({ token: before?.token, isValid: true });
  child.kill('SIGTERM');
  expect(await child).toMatchObject({ exitCode: 0 });
});
