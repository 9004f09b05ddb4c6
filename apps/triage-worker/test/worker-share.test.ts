import { silentLogger } from '@nightcrier/core/logger';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { openState } from '@nightcrier/state/open-state';
import { type RedisConnection, connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { WorkerShare } from '../src/queue/worker-share.ts';
import { DEFAULT_LOCK } from '../src/queue/triage-worker.ts';
import { TestBackend } from './backend.ts';
import { TestHarness } from './harness.ts';

let server: RedisServer;
let redis: RedisConnection;
let key_prefix: string;
beforeAll(async () => {
  server = await startRedisServer();
  redis = connectWorker({ url: server.url, key_prefix: 'unused' }, silentLogger);
});
beforeEach(() => {
  key_prefix = randomUUID();
});
afterAll(async () => {
  await disconnect(redis);
  await server.stop();
});

/** Starts a worker's share of 5 agents. With a long `interval` it sends one heartbeat. */
async function startShare(
  interval = 20,
): Promise<{ agents: () => number | undefined | 'unknown'; share: WorkerShare }> {
  let now: number | undefined | 'unknown' = 'unknown';
  const workers = openState(redis, { key_prefix, logger: silentLogger }).openLiveWorkers(60_000);
  const onShare = (agents: number | undefined): void => void (now = agents);
  const share = new WorkerShare({ workers, max_concurrent_agents: 5, onShare, interval, logger: silentLogger });
  await share.start();
  return { agents: () => now, share };
}

test('a lone worker has no limit of its own; with two more, each has a third of the agents, rounded up', async () => {
  const first = await startShare();
  expect(first.agents()).toBeUndefined();
  const others = [await startShare(), await startShare()];
  await expect.poll(() => [first, ...others].map(({ agents }) => agents())).toEqual([2, 2, 2]);
  for (const { share } of [first, ...others]) share.stop();
});

test('another number of agents is divided at once', async () => {
  const [first, second] = [await startShare(3_600_000), await startShare(3_600_000)];
  expect(second.agents()).toBe(3);
  second.share.configure(12);
  await expect.poll(() => second.agents()).toBe(6);
  first.share.stop();
  second.share.stop();
});

test('the share of a worker that stops or dies goes to the others', async () => {
  const first = await startShare();
  const leaving = await startShare();
  const { keys } = openState(redis, { key_prefix, logger: silentLogger });
  const others = await redis.zrange(keys.workers, '0', '-1');
  await startShare(3_600_000);
  const dying = (await redis.zrange(keys.workers, '0', '-1')).find((id) => !others.includes(id)) ?? '';
  await expect.poll(() => first.agents()).toBe(2);
  leaving.share.stop();
  await expect.poll(() => first.agents()).toBe(3);
  // The time of its last heartbeat has passed.
  await redis.zadd(keys.workers, 'XX', 1, dying);
  await expect.poll(() => first.agents()).toBeUndefined();
  first.share.stop();
});

test('a worker that joins while another one runs all agents gets its share', async () => {
  const backend = await TestBackend.start();
  const harness = await TestHarness.open(backend);
  try {
    const settings = { max_concurrent_agents: 4, max_agents_per_cluster: 0 };
    const config = harness.config(settings, { agent: 'slow-report' });
    const ids = await Promise.all(Array.from({ length: 24 }, () => harness.admit()));
    const workers = async (): Promise<string[]> => {
      const jobs = await Promise.all(ids.map((id) => harness.queue.getJob(id)));
      return [...new Set(jobs.flatMap((job) => job?.processedBy ?? []))];
    };
    await harness.startWorkerProcess(config, { lock: DEFAULT_LOCK });
    await expect.poll(() => harness.queue.getActiveCount(), { timeout: 30_000 }).toBe(4);
    await harness.startWorkerProcess(config, { lock: DEFAULT_LOCK });
    await expect.poll(workers, { timeout: 40_000 }).toHaveLength(2);
  } finally {
    await harness.close();
    await backend.stop();
  }
});
