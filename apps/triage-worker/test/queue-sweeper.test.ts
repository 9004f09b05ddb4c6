import { silentLogger } from '@nightcrier/core/logger';
import { Settings } from '@nightcrier/core/settings/config';
import { Admission } from '@nightcrier/state/admission/admission';
import { ClusterSlots } from '@nightcrier/state/queue/cluster-slots';
import { startEmbeddedRedis } from '@nightcrier/state/embedded-redis';
import { IncidentStore } from '@nightcrier/state/incidents/incidents';
import { QueueSweep } from '@nightcrier/state/queue/queue-sweep';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { openTriageQueue } from '@nightcrier/state/queue/triage-queue';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { QueueSweeper } from '../src/queue/queue-sweeper.ts';

const key_prefix = 'sweeper';
const logger = silentLogger;

it('removes incidents that ended more than 30 days ago', async () => {
  const server = await startEmbeddedRedis({ logger });
  onTestFinished(() => server.stop());
  const redis = connectProducer({ url: server.url, key_prefix }, logger);
  onTestFinished(() => disconnect(redis));
  await once(redis, 'ready');
  const queue = openTriageQueue(redis, key_prefix, logger);
  const now = () => Date.now() - 31 * 86_400_000;
  const admission = new Admission({ redis, key_prefix, queue, settings: Settings.parse({}), now });
  const incidents = new IncidentStore({ redis, key_prefix, logger });
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
  await new IncidentStore({ redis, key_prefix, logger, now }).finish(incidentId, { state: 'resolved' });
  expect(await incidents.get(incidentId)).toMatchObject({ state: 'resolved' });

  const sweeper = new QueueSweeper({
    sweep: new QueueSweep({ redis, key_prefix, incidents }),
    slots: new ClusterSlots({ redis, key_prefix, max_agents_per_cluster: 0, lease: 1_000 }),
    max_queue_age_seconds: 0,
    interval: 10,
    logger,
  });
  onTestFinished(() => sweeper.stop());
  sweeper.start();
  await expect.poll(() => incidents.get(incidentId)).toBeUndefined();
});
