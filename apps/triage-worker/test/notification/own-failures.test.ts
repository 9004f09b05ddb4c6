import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { silentLogger } from '@nightcrier/core/logger';
import type { State } from '@nightcrier/state/open-state';
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { startNotifier, useRedis } from './notifier.fixture.ts';
import { WebhookReceiver } from './webhook-receiver.ts';

useRedis();

const patience = { timeout: 60_000 };
const MINUTE = 60_000;

interface Received {
  event: string;
  problem: { component?: string; cluster: string; key: string };
}

const received = ({ deliveries }: WebhookReceiver): string[] =>
  deliveries.map(({ body }) => {
    const { event, problem }: Received = JSON.parse(body);
    return `${event} ${problem.cluster} ${problem.key}`;
  });

/** Each breaks a part of an installation in which everything works, and returns what repairs it. */
const FAILURES: Record<string, (state: State, now: () => number) => Promise<() => Promise<unknown>>> = {
  '- component:ingester': async ({ redis, keys }, now) => {
    await redis.del(keys.ingesters);
    return () => redis.zadd(keys.ingesters, now() + 600 * MINUTE, 'i');
  },
  '- component:worker': async ({ redis, keys }, now) => {
    await redis.del(keys.workers);
    return () => redis.zadd(keys.workers, now() + 600 * MINUTE, 'w');
  },
  '- component:agents': async ({ breaker }) => {
    await breaker.record('a', { kind: 'failed', reason: 'refused', threshold: 1, probeIntervalSeconds: 0 });
    return async () => {
      await breaker.enter('b', 60, 0);
      await breaker.record('b', { kind: 'succeeded' });
    };
  },
  'prod component:budget': async ({ budgets }) => {
    const asked = { incident_id: 'a', cluster: 'prod', cost: { tokens: 10, usd: 0 }, seconds: 60 };
    await budgets.reserve(asked, { cluster_per_day: { tokens: 5 } });
    return () => budgets.reserve(asked, { cluster_per_day: { tokens: 50 } });
  },
  'prod component:cluster': async (state, now) => {
    const leases = state.openLeases({ id: 'one' });
    const token = (await leases.take(new Map([['prod', 0]]))).get('prod') ?? 0;
    const publish = async (status: 'failed' | 'active'): Promise<void> => {
      const last_contact = new Date(status === 'active' ? now() : now() - 60 * MINUTE).toISOString();
      const health = { name: 'prod', labels: {}, triage_enabled: true, status, last_contact, event_count: 0 };
      await state.clusterHealth.publish(leases, [{ token, health }], now());
    };
    await publish('failed');
    return () => publish('active');
  },
};

it.each(Object.entries(FAILURES))(
  'a failure of Nightcrier is routed by its component, and recovers: %s',
  async (key, fail) => {
    await using platform = await WebhookReceiver.start();
    await using others = await WebhookReceiver.start();
    const time = { ms: Date.now() };
    const now = (): number => time.ms;
    const { state } = await startNotifier(
      {
        webhook_url: others.url,
        route: { routes: [{ matchers: ['component=~".+"'], receiver: 'platform' }] },
        receivers: [{ name: 'platform', webhook_configs: [{ url: platform.url }] }],
      },
      { now },
    );
    await state.redis.zadd(state.keys.ingesters, time.ms + 600 * MINUTE, 'i');
    await state.redis.zadd(state.keys.workers, time.ms + 600 * MINUTE, 'w');
    const clusters = key.startsWith('prod') && key.endsWith('cluster') ? [CLUSTER] : [];
    const watch = state.openSelfWatch({
      settings: () => ({ clusters, blind_after: 300, maintenance_windows: [] }),
      logger: silentLogger,
    });
    time.ms += 2 * MINUTE;
    const repair = await fail(state, now);
    await watch.check();
    await expect.poll(() => received(platform), patience).toEqual([`firing ${key}`]);
    await repair();
    await watch.check();
    await expect.poll(() => received(platform), patience).toEqual([`firing ${key}`, `recovered ${key}`]);
    expect(received(others)).toEqual([]);
  },
);

const CLUSTER = ClusterConfig.parse({
  name: 'prod',
  mcp: { endpoint: 'http://127.0.0.1:1/mcp' },
  triage: { enabled: false },
});

it('a receiver that fails is announced by another one, until it works again', async () => {
  await using failing = await WebhookReceiver.start();
  await using other = await WebhookReceiver.start();
  const time = { ms: Date.now() };
  const { state, notify } = await startNotifier(
    {
      webhook_url: failing.url,
      route: { routes: [{ matchers: ['team="elsewhere"'], receiver: 'other' }] },
      receivers: [{ name: 'other', webhook_configs: [{ url: other.url }] }],
    },
    { now: () => time.ms },
  );
  await state.redis.zadd(state.keys.ingesters, time.ms + 600 * MINUTE, 'i');
  await state.redis.zadd(state.keys.workers, time.ms + 600 * MINUTE, 'w');
  const watch = state.openSelfWatch({
    settings: () => ({ clusters: [], blind_after: 300, maintenance_windows: [] }),
    logger: silentLogger,
  });
  failing.outage = 503;
  await notify('reported');
  await expect
    .poll(async () => (await state.receiverHealth.read()).get('webhook')?.failures, patience)
    .toBeGreaterThan(1);
  time.ms += 2 * MINUTE;
  await watch.check();
  const key = '- component:receiver:webhook';
  await expect.poll(() => received(other), patience).toEqual([`firing ${key}`]);
  failing.outage = undefined;
  await expect.poll(() => received(failing), patience).toEqual(['reported west shop/cart']);
  await expect
    .poll(async () => (await state.receiverHealth.read()).get('webhook')?.failing_since, patience)
    .toBeUndefined();
  await watch.check();
  await expect.poll(() => received(other), patience).toEqual([`firing ${key}`, `recovered ${key}`]);
  expect(received(failing)).toEqual(['reported west shop/cart']);
});

it('a target that fails and is no longer configured is forgotten, and its failure recovers', async () => {
  await using hook = await WebhookReceiver.start();
  const key_prefix = randomUUID();
  const time = { ms: Date.now() };
  const now = (): number => time.ms;
  const before = await startNotifier({ webhook_url: hook.url }, { key_prefix, now });
  await before.state.redis.zadd(before.state.keys.ingesters, time.ms + 600 * MINUTE, 'i');
  await before.state.redis.zadd(before.state.keys.workers, time.ms + 600 * MINUTE, 'w');
  await before.state.receiverHealth.failed('webhook', { receiver: 'default', kind: 'webhook' }, 'unreachable');
  time.ms += 2 * MINUTE;
  const watchOf = (state: State) =>
    state.openSelfWatch({
      settings: () => ({ clusters: [], blind_after: 300, maintenance_windows: [] }),
      logger: silentLogger,
    });
  const watch = watchOf(before.state);
  expect(await watch.check()).toMatchObject([{ key: 'component:receiver:webhook' }]);
  const { state } = await startNotifier({}, { key_prefix, now });
  expect(await state.receiverHealth.read()).toEqual(new Map());
  expect(await watch.check()).toEqual([]);
  expect(await state.problems.get('-', 'component:receiver:webhook')).toMatchObject({ state: 'recovered' });
});
