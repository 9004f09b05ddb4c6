import { silentLogger } from '@nightcrier/core/logger';
import { Settings } from '@nightcrier/core/settings/config';
import { openState } from '@nightcrier/state/open-state';
import { startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { QueueSweeper } from '../src/queue/queue-sweeper.ts';

const key_prefix = 'sweeper';
const logger = silentLogger;

it('removes incidents that ended more than 30 days ago', async () => {
  const server = await startRedisServer();
  onTestFinished(() => server.stop());
  const redis = connectProducer({ url: server.url, key_prefix }, logger);
  onTestFinished(() => disconnect(redis));
  await once(redis, 'ready');
  const now = () => Date.now() - 31 * 86_400_000;
  const before = openState(redis, { key_prefix, logger, now });
  const admission = before.openAdmission(before.openQueue(), Settings.parse({}));
  const state = openState(redis, { key_prefix, logger });
  const { incidents } = state;
  const received_at = new Date(now()).toISOString();
  const resource = { apiVersion: 'v1', kind: 'Pod', name: 'cart-0', namespace: 'shop' };
  const event = {
    faultId: 'f',
    faultType: 'CrashLoop',
    severity: 'warning',
    resource,
    timestamp: received_at,
  } as const;
  const { incidentId } = await admission.admit({
    cluster_name: 'alpha',
    labels: {},
    source: 'subscription',
    received_at,
    event,
  });
  await before.incidents.finish(incidentId, { state: 'reported' });
  expect(await incidents.get(incidentId)).toMatchObject({ state: 'reported' });

  const sweeper = new QueueSweeper({
    sweep: state.openSweep(),
    slots: state.openSlots({ max_agents_per_cluster: 0, lease: 1_000 }),
    max_queue_age_seconds: 0,
    interval: 10,
    logger,
  });
  onTestFinished(() => sweeper.stop());
  sweeper.start();
  await expect.poll(() => incidents.get(incidentId)).toBeUndefined();
});
