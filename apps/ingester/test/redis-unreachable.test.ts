import { startRedisServer } from '../../../test/fixtures/redis-server.ts';
import type { Config } from '@nightcrier/core/settings/config';
import { expect, onTestFinished, test } from 'vitest';
import { clusterConfig, configOf, openState, simulate, startIngester } from './ingester.fixture.ts';

const NAMES = Array.from({ length: 16 }, (_, index) => `c-${index}`);
const patient = { timeout: 60_000 };

async function startRedis(port?: number) {
  const redis = await startRedisServer({ ...(port !== undefined && { port }) });
  onTestFinished(() => redis.stop());
  return { redis, url: redis.url, port: Number(new URL(redis.url).port) };
}

/** Clusters, and how many watch each of them. */
async function startClusters(url: string) {
  const clusters = await Promise.all(NAMES.map((name) => simulate({ name })));
  const configured = await Promise.all(clusters.map((cluster) => clusterConfig(cluster)));
  const config = configOf(configured, { redis: { url }, cluster_lease: 2 });
  return { config, clusters, watchers: () => clusters.map(({ subscriberCount }) => subscriberCount) };
}

const once = NAMES.map(() => 1);

/** Who is shown to hold each cluster; undefined while it is not active. */
async function owners(config: Config): Promise<(string | undefined)[]> {
  const { board } = openState(config);
  const shown = await board.read(NAMES.map((name) => ({ name, labels: {}, triage_enabled: true })));
  return shown.map(({ status, owner }) => (status === 'active' ? owner : undefined));
}

test('an outage of Redis ends no subscription, and afterwards each cluster has one owner again', async () => {
  const { redis, url, port } = await startRedis();
  const { config, clusters, watchers } = await startClusters(url);
  const ingesters = [await startIngester(config), await startIngester(config)];
  await expect.poll(watchers, patient).toEqual(once);
  const ids = new Set(ingesters.map(({ ingester }) => ingester.id));
  await expect.poll(async () => new Set(await owners(config)), patient).toEqual(ids);
  await expect.poll(watchers, patient).toEqual(once);

  let fewest = 1;
  const sampling = setInterval(() => (fewest = Math.min(fewest, ...watchers())), 2);
  onTestFinished(() => clearInterval(sampling));
  await redis.stop();
  for (const { lines } of ingesters) {
    const messages = () => lines.map(({ message }) => message);
    await expect.poll(messages, patient).toContain('lease renewal failed; still watching');
  }
  await clusters[0]?.run('oom-killed');

  await startRedis(port); // which knows nothing of before
  await expect.poll(async () => (await owners(config)).every(Boolean), patient).toBe(true);
  await expect.poll(watchers, patient).toEqual(once);
  expect(fewest).toBe(1);
  await expect.poll(async () => new Set(await owners(config)), patient).toEqual(ids);
  const { incidents } = openState(config);
  await expect.poll(incidents, patient).toHaveLength(1);
});

test('ingesters that start while Redis is unreachable all watch everything, and share it when Redis is there', async () => {
  const { redis, url, port } = await startRedis();
  await redis.stop();
  const { config, watchers } = await startClusters(url);
  const ingesters = [await startIngester(config), await startIngester(config)];
  await expect.poll(watchers, patient).toEqual(NAMES.map(() => 2));

  await startRedis(port);
  await expect.poll(watchers, patient).toEqual(once);
  await expect
    .poll(async () => new Set(await owners(config)), patient)
    .toEqual(new Set(ingesters.map(({ ingester }) => ingester.id)));
});
