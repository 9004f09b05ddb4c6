import { resourceType, typeOf } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder, startSystem } from '../fixtures/running-system.ts';
import { SlackServer } from '../fixtures/slack-server.ts';

const patience = { timeout: 60_000 };

/** Faults of the one are pushed and its objects read one by one; the other is polled. */
const SERVERS = [{ name: 'pushing' }, { name: 'polled', eventsTools: false }];

test('a rollout that fixes the fault turns the message of its problem green, without an investigation', async () => {
  await using slack = await SlackServer.start();
  const folder = await makeFolder();
  const clusters = await Promise.all(SERVERS.map((server) => startSimulatedCluster(server)));
  onTestFinished(async () => void (await Promise.all(clusters.map((cluster) => cluster.stop()))));
  const entries = clusters.map(async (cluster) => {
    const kubeconfig = path.join(folder, `${cluster.name}.kubeconfig`);
    await writeFile(kubeconfig, cluster.kubeconfig(), { mode: 0o600 });
    return { name: cluster.name, mcp_endpoint: cluster.mcpEndpoint, kubeconfig };
  });
  const system = await startSystem(folder, {
    clusters: await Promise.all(entries),
    poll_interval: 1,
    crash_recovery_after: 2,
    recovery_after: 1,
    recovery_interval: 1,
    slack_bot_token: slack.token,
    slack_channel: 'C0123456789',
    slack_api_url: slack.apiUrl,
  });
  onTestFinished(() => system.dispose());
  await expect.poll(async () => (await system.health()).summary, patience).toMatchObject({ active: clusters.length });

  /** The first line of each problem's message, in no order. */
  const cards = (): string[] =>
    slack.messages.filter(({ thread_ts }) => thread_ts === undefined).map(({ text }) => text.slice(0, 2));
  const states = async (): Promise<string[]> => (await system.incidents()).map(({ state }) => state);
  for (const cluster of clusters) await cluster.run('crash-loop-back-off');
  await expect.poll(states, patience).toEqual(['reported', 'reported']);
  await expect.poll(cards, patience).toEqual(['🔴', '🔴']);

  for (const cluster of clusters) rollOut(cluster, 'shop', 'checkout');
  await expect.poll(cards, patience).toEqual(['🟢', '🟢']);
  expect(await states()).toEqual(['reported', 'reported']);
  expect(slack.violations).toEqual([]);
}, 300_000);

/** Replaces the pod of a Deployment by a ready one of another image, as a rollout does. */
function rollOut({ store }: SimulatedCluster, namespace: string, name: string): void {
  const old = store.list(resourceType('pods'), namespace).find((pod) => pod.metadata.labels?.app === name);
  const replicaSet = store
    .list(resourceType('replicasets'), namespace)
    .find((one) => one.metadata.labels?.app === name);
  const deployment = store.get(resourceType('deployments'), namespace, name);
  if (!old || !replicaSet || !deployment) throw new Error(`no rollout of ${namespace}/${name}`);
  const now = new Date().toISOString();
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-new`, uid: randomUUID(), controller: true };
  const image = 'registry.example.com/shop/checkout:2.8.2';
  const spec = { nodeName: 'node-1', containers: [{ name: 'app', image }] };
  store.put({
    ...replicaSet,
    metadata: { ...replicaSet.metadata, name: owner.name, uid: owner.uid, creationTimestamp: now },
    spec: { replicas: 1, template: { spec } },
  });
  store.put({
    ...old,
    metadata: {
      ...old.metadata,
      name: `${name}-new-1`,
      uid: randomUUID(),
      creationTimestamp: now,
      ownerReferences: [owner],
    },
    spec,
    status: {
      phase: 'Running',
      startTime: now,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }],
      containerStatuses: [
        {
          name: 'app',
          image,
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: now } },
          lastState: {},
        },
      ],
    },
  });
  store.put({
    ...deployment,
    status: { observedGeneration: 7, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
  });
  for (const object of [old, replicaSet]) store.delete(typeOf(object), namespace, object.metadata.name);
}
