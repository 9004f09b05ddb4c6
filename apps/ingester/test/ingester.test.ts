import { writeFile } from 'node:fs/promises';
import { startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { silentLogger } from '@nightcrier/core/logger';
import { expect, onTestFinished, test } from 'vitest';
import { Ingester } from '../src/app.ts';
import {
  clusterConfig,
  configOf,
  openState,
  simulate,
  startIngester,
  untilStatus,
  useRedis,
} from './ingester.fixture.ts';

useRedis();
const patient = { timeout: 60_000 };
const FREE = 'http://127.0.0.1:9/mcp'; // the discard port: nothing listens there

test('publishes the health of each cluster, and its change', async () => {
  const [alpha, beta] = await Promise.all([simulate(), simulate({ name: 'beta' })]);
  const clusters = await Promise.all([clusterConfig(alpha), clusterConfig(beta, { labels: {} })]);
  const { board, ingester, active } = await startIngester(configOf(clusters));
  const configured = clusters.map(({ name, labels, triage }) => ({ name, labels, triage_enabled: triage.enabled }));
  const health = async (name: string) => (await board.read(configured)).find((one) => one.name === name);
  await Promise.all([active('alpha'), active('beta')]);
  await expect
    .poll(() => health('alpha'), patient)
    .toMatchObject({
      status: 'active',
      mode: 'subscribe',
      triage_enabled: true,
      labels: { region: 'west' },
      permissions: { can_get_pods: true },
    });

  await alpha.stopMcp();
  await expect
    .poll(() => health('alpha'), { ...patient, interval: 5 })
    .toMatchObject({
      status: 'failed',
      error: expect.stringContaining('ECONNREFUSED'),
      retry_in: expect.stringMatching(/^\d+\.\ds$/),
    });
  expect(await health('beta')).toMatchObject({ status: 'active' });

  await alpha.startMcp();
  await expect.poll(() => health('alpha'), patient).toMatchObject({ status: 'active' });
  expect(await health('alpha')).not.toHaveProperty('error');

  await ingester.stop();
  expect(await health('alpha')).toMatchObject({ status: 'stopped' });
  expect([alpha.sessionCount, alpha.subscriptionCount]).toEqual([0, 0]);
});

test('starts while a cluster is unreachable, and watches the others', async () => {
  const alpha = await simulate();
  const unreachable = await clusterConfig(alpha, { name: 'unreachable', mcp: { endpoint: FREE } });
  const { ingester, active } = await startIngester(configOf([unreachable, await clusterConfig(alpha)]));
  await active('alpha');
  await untilStatus(ingester, 'unreachable', 'failed');
  expect(ingester.health()[0]).toMatchObject({ error: expect.stringContaining(FREE), event_count: 0 });
});

test('an unreachable API server leaves its own cluster without permissions, and no other', async () => {
  const [alpha, beta] = await Promise.all([simulate(), simulate({ name: 'beta' })]);
  const clusters = await Promise.all([clusterConfig(alpha), clusterConfig(beta)]);
  // The MCP server reaches its cluster, and our kubeconfig does not.
  const kubeconfig = alpha.kubeconfig().replace(alpha.kubernetesUrl, 'http://127.0.0.1:9');
  await writeFile(clusters[0].triage.kubeconfig ?? '', kubeconfig);
  const { ingester, lines, incidents, active } = await startIngester(configOf(clusters));
  await Promise.all([active('alpha'), active('beta')]);
  const [first, second] = ingester.health();
  expect(first).not.toHaveProperty('permissions');
  expect(second).toMatchObject({ permissions: { can_get_pods: true } });
  expect(lines).toContainEqual({
    level: 'warn',
    message: 'cluster permission check failed',
    fields: { cluster: 'alpha', error: expect.stringContaining('ECONNREFUSED') },
  });

  await alpha.run('oom-killed');
  await expect.poll(incidents, patient).toHaveLength(1);
  expect((await incidents())[0]?.cluster_event).not.toHaveProperty('permissions');
});

test('too few permissions are a warning, and the cluster is watched', async () => {
  const cluster = await simulate({ users: { token: 'nothing' } });
  const { lines, ingester, active } = await startIngester(configOf([await clusterConfig(cluster)]));
  await active('alpha');
  expect(lines).toContainEqual({
    level: 'warn',
    message: 'cluster has insufficient permissions for full triage',
    fields: { cluster: 'alpha', warnings: expect.arrayContaining(['cannot get pods', 'cannot get pod logs']) },
  });
  expect(ingester.health()).toMatchObject([{ permissions: { can_get_pods: false } }]);
});

test('faults received while Redis is unreachable are queued once each when it returns', async () => {
  const cluster = await simulate();
  const config = configOf([await clusterConfig(cluster)]);
  const first = await startRedisServer();
  const port = Number(new URL(first.url).port);
  config.redis.url = first.url;
  const { active, lines } = await startIngester(config);
  await active('alpha');
  await first.stop();
  await expect.poll(() => lines.map(({ message }) => message), patient).toContain('redis disconnected');

  await cluster.run('oom-killed');
  await cluster.run('node-not-ready');
  cluster.emitFault({ severity: 'dreadful' });
  const second = await startRedisServer({ port });
  onTestFinished(() => second.stop());
  const { counts, incidents } = openState(config);
  await expect.poll(counts, patient).toMatchObject({ queued: 2, malformed: 1, deduplicated: 0 });
  expect(await incidents()).toHaveLength(2);
});

test('faults that neither Redis nor the spool can take when it stops are lost in the books', async () => {
  const cluster = await simulate();
  const config = configOf([await clusterConfig(cluster)]);
  const { redis } = config;
  const unreachable = { ...config, redis: { ...redis, url: 'redis://127.0.0.1:9' }, spool_max_bytes: 1 };
  const { ingester, active, lines } = await startIngester(unreachable);
  await active('alpha');
  await cluster.run('crash-loop-back-off');
  cluster.emitFault({ severity: 'dreadful' }); // once this one is there, so is the one before
  await expect.poll(() => lines.map(({ message }) => message), patient).toContain('notification malformed');
  await ingester.stop();

  const { countsOf } = await startIngester(config);
  await expect.poll(() => countsOf('alpha'), patient).toMatchObject({ malformed: 1, lost: 1 });
});

test('starts and stops without Redis', async () => {
  const cluster = await simulate();
  const config = configOf([await clusterConfig(cluster)], { redis: { url: 'redis://127.0.0.1:9' } });
  const { ingester, active } = await startIngester(config);
  await active('alpha');
  await cluster.run('oom-killed');
  await ingester.stop();
  expect(cluster.sessionCount).toBe(0);
});

test('refuses to start without the address of Redis, and names the fix', async () => {
  const config = configOf([], { redis: {} });
  await expect(new Ingester(config, silentLogger).start()).rejects.toThrow(
    'redis.url is not set; `nightcrier up` starts a Redis of its own',
  );
});

test('concurrent starts and stops share one run; a stop without a start is fine', async () => {
  await new Ingester(configOf([]), silentLogger).stop();
  const cluster = await simulate();
  const ingester = new Ingester(configOf([await clusterConfig(cluster)]), silentLogger);
  await Promise.all([ingester.start(), ingester.start()]);
  await untilStatus(ingester, 'alpha', 'active');
  expect(cluster.sessionCount).toBe(1);
  await Promise.all([ingester.stop(), ingester.stop()]);
  expect(cluster.sessionCount).toBe(0);
});
