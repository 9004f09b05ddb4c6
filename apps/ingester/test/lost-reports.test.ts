import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openState } from '@nightcrier/state/open-state';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { silentLogger } from '@nightcrier/core/logger';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NEEDS_NATIVE, nativeKind, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { clusterConfig, configOf, openState as openTestState, simulate, startIngester } from './ingester.fixture.ts';

const patient = { timeout: 60_000 };

/** A Redis on disk whose state can be copied, and replaced by the copy while its clients live. */
async function startRestorableRedis() {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-restored-'));
  const [dataDir, copy] = [path.join(folder, 'data'), path.join(folder, 'copy')];
  let server = await startRedisServer({ dataDir });
  const port = Number(new URL(server.url).port);
  onTestFinished(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });
  return {
    url: server.url,
    copy: () => cp(dataDir, copy, { recursive: true }),
    restart: async ({ from = '' } = {}) => {
      await server.stop();
      if (from) {
        await rm(dataDir, { recursive: true });
        await cp(from, dataDir, { recursive: true });
      }
      server = await startRedisServer({ dataDir, port });
    },
    copied: copy,
  };
}

describe.skipIf(!nativeKind)(`what Redis forgets${nativeKind ? '' : ` (skipped: ${NEEDS_NATIVE})`}`, () => {
  test('a fault that Redis lost after it was admitted is found again by the ingester that reported it, once', async () => {
    const redis = await startRestorableRedis();
    const cluster = await simulate();
    const config = configOf([await clusterConfig(cluster)], { redis: { url: redis.url }, resync_interval: 0 });
    const { active, counts, lines } = await startIngester(config);
    await active('alpha');
    const kept = await cluster.run('oom-killed');
    await expect.poll(counts, patient).toMatchObject({ queued: 1 });
    const state = openState(connect(redis.url, config.redis.key_prefix), { ...config.redis, logger: silentLogger });
    await expect.poll(async () => (await state.problems.list('alpha')).flatMap((one) => one.symptoms)).toHaveLength(1);
    await redis.copy();

    const lost = await cluster.run('image-pull-back-off');
    await expect.poll(counts, patient).toMatchObject({ queued: 2 });
    await redis.restart({ from: redis.copied });

    const { incidents, counts: countsAfter } = openTestState(config);
    const fingerprints = async () => new Set((await incidents()).map((one) => one.cluster_event.event.faultId));
    await expect.poll(fingerprints, patient).toEqual(new Set([kept.fault?.faultId, lost.fault?.faultId]));
    expect(await countsAfter()).toMatchObject({ received: 2, queued: 2, deduplicated: 0 });
    expect(lines).toContainEqual({
      level: 'warn',
      message: 'reported faults lost by redis; reported again',
      fields: { cluster: 'alpha', faults: 1 },
    });
  });

  test('a fault whose problem Redis kept, and whose incident it lost, is found again after the restart', async () => {
    const redis = await startRestorableRedis();
    const cluster = await simulate();
    const config = configOf([await clusterConfig(cluster)], { redis: { url: redis.url }, resync_interval: 0 });
    const { active, incidents } = await startIngester(config);
    await active('alpha');
    const { fault } = await cluster.run('crash-loop-back-off');
    await expect.poll(incidents, patient).toHaveLength(1);
    const [incident] = await incidents();
    const connection = connect(redis.url, config.redis.key_prefix);
    const state = openState(connection, { ...config.redis, logger: silentLogger });
    await expect.poll(async () => (await state.problems.list('alpha')).flatMap((one) => one.symptoms)).toHaveLength(1);
    const { incident_id: id = '', cluster_event: event } = incident ?? {};
    await connection.del(state.keys.incident(id), state.keys.fault('alpha', event?.event.faultId ?? ''));
    await connection.zrem(state.keys.incidents, id);
    await redis.restart();

    const { incidents: after } = openTestState(config);
    const found = async () =>
      (await after()).filter((one) => one.incident_id !== id).map((one) => one.cluster_event.event.faultId);
    await expect.poll(found, patient).toEqual([fault?.faultId]);
  });
});

function connect(url: string, key_prefix: string) {
  const connection = connectWorker({ url, key_prefix }, silentLogger);
  onTestFinished(() => disconnect(connection));
  return connection;
}
