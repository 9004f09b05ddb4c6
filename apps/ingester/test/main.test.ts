import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { clusterConfig, configOf, openState, simulate, useRedis } from './ingester.fixture.ts';
import { spawnIngester } from './ingester-process.fixture.ts';

const redis = useRedis();
test('SIGTERM ends the process with 0, and deletes the session on the server', async () => {
  const cluster = await simulate();
  const { triage } = await clusterConfig(cluster);
  const key_prefix = `test-${randomUUID()}`;
  const { child } = await spawnIngester({
    redis: { url: redis.url, key_prefix },
    shutdown_timeout: 60,
    clusters: [{ name: 'alpha', mcp: { endpoint: cluster.mcpEndpoint }, triage }],
  });
  await cluster.waitForSubscriber(AbortSignal.timeout(120_000));
  await cluster.run('oom-killed');
  const { counts } = openState(configOf([], { redis: { url: redis.url, key_prefix } }));
  await expect.poll(counts, { timeout: 30_000 }).toMatchObject({ queued: 1 });

  child.kill('SIGTERM');
  const { exitCode, stderr } = await child;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('"stopped"') });
  expect([cluster.sessionCount, cluster.subscriptionCount]).toEqual([0, 0]);
});

test('SIGTERM ends it with 0 also while its cluster and Redis are unreachable', async () => {
  const { child } = await spawnIngester({
    redis: { url: 'redis://127.0.0.1:9' },
    shutdown_timeout: 10,
    clusters: [{ name: 'alpha', mcp: { endpoint: 'http://127.0.0.1:9/mcp' } }],
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await expect.poll(() => log, { timeout: 30_000 }).toContain('"failed"');
  child.kill('SIGTERM');
  expect(await child).toMatchObject({ exitCode: 0 });
});

test('a configuration that is wrong ends it with 78 and the reason', async () => {
  const { child } = await spawnIngester({ clusters: [{ name: 'alpha' }] });
  expect(await child).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('mcp') });
});
