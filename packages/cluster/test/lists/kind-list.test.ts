import { silentLogger } from '@nightcrier/core/logger';
import type { KubernetesObject } from '@nightcrier/simulator/kubernetes/objects/kubernetes-object';
import { resourceType } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import { type SimulatedCluster, startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { expect, onTestFinished, test } from 'vitest';
import { Detector } from '../../src/detection/detector.ts';
import { KindList, type ListedKind } from '../../src/lists/kind-list.ts';
import { McpSession } from '../../src/mcp/session/session.ts';
import { createMcpTransport } from '../../src/mcp/session/transport.ts';

const NAMESPACES = ['big', 'shop', 'web'];
/** Bytes of an answer: ten pods are more than all namespaces may have, and sixty more than one may have. */
const LARGEST = { whole: 20_000, part: 60_000 };
let now = Date.parse('2026-11-26T12:00:00Z');

function pod(namespace: string, name: string, isCrashing = false): KubernetesObject {
  const state = isCrashing ? { waiting: { reason: 'CrashLoopBackOff' } } : { running: {} };
  const containerStatuses = [{ name: 'app', ready: !isCrashing, restartCount: 5, state }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid: `${namespace}-${name}`, annotations: { padding: 'x'.repeat(1_000) } },
    spec: { containers: [{ name: 'app' }] },
    status: { phase: 'Running', containerStatuses },
  };
}

async function startCluster(listPages = false): Promise<SimulatedCluster> {
  const cluster = await startSimulatedCluster({ name: 'alpha', eventsTools: false, listPages });
  onTestFinished(() => cluster.stop());
  return cluster;
}

async function prepare({ listPages = false, largest = LARGEST } = {}) {
  const cluster = await startCluster(listPages);
  const put = (object: KubernetesObject): void => void cluster.store.put(object);
  for (const { metadata } of cluster.store.list(resourceType('pods')))
    cluster.store.delete(resourceType('pods'), metadata.namespace, metadata.name);
  for (const namespace of NAMESPACES)
    for (let index = 0; index < 10; index += 1) put(pod(namespace, `pod-${index}`, index === 0));
  const transport = createMcpTransport();
  const session = await McpSession.open(
    {
      clusterName: 'alpha',
      endpoint: cluster.mcpEndpoint,
      access: {},
      dispatcher: transport,
      timeouts: { connect: 30_000, call: 30_000, close: 30_000 },
      logger: silentLogger,
      onNotification: () => undefined,
      onMalformed: () => undefined,
      onLost: () => undefined,
    },
    new AbortController().signal,
  );
  onTestFinished(() => session.close());
  const detector = new Detector('alpha');
  const list = new KindList('pods', { form: 'unknown' }, largest);
  const run = (): Promise<ListedKind> =>
    list.run({
      session,
      detector,
      now: () => now,
      remember: true,
      timeout: 30_000,
      namespaces: async () => NAMESPACES,
    });
  const changes = () =>
    detector
      .advance(now)
      .map(({ change, symptom }) => `${change} ${symptom.resource.namespace}/${symptom.resource.name}`);
  return {
    cluster,
    put,
    remove: (object: KubernetesObject) =>
      cluster.store.delete(resourceType('pods'), object.metadata.namespace, object.metadata.name),
    run,
    changes,
    detector,
  };
}

test('a list that is too large is divided by namespace, and whole again when little is left', async () => {
  const { run, remove, detector, changes } = await prepare();
  expect(await run()).toMatchObject({ count: 30, blind: new Map() });
  expect(changes()).toEqual(NAMESPACES.map((namespace) => `fired ${namespace}/pod-0`));
  for (const namespace of NAMESPACES)
    for (let index = 2; index < 10; index += 1) remove(pod(namespace, `pod-${index}`));
  expect(await run()).toMatchObject({ count: 6 });
  expect(detector.size).toBe(6);
  expect(await run()).toMatchObject({ count: 6 });
});

test('a namespace that is too large alone is left out, and what was known of it stays as it was', async () => {
  const { run, put, remove, changes } = await prepare();
  await run();
  changes();
  for (let index = 10; index < 100; index += 1) put(pod('big', `pod-${index}`));
  remove(pod('big', 'pod-0'));
  remove(pod('shop', 'pod-0'));
  const { blind } = await run();
  expect([...blind]).toEqual([['big', expect.stringContaining('larger than')]]);
  changes();
  now += 3_600_000;
  await run();
  expect(changes()).toEqual(['cleared shop/pod-0']);
  for (let index = 10; index < 100; index += 1) remove(pod('big', `pod-${index}`));
  expect((await run()).blind.size).toBe(0);
  changes();
  now += 3_600_000;
  await run();
  expect(changes()).toEqual(['cleared big/pod-0']);
});

test('objects that have not changed are recognised, also after the detector has forgotten them', async () => {
  const { run, detector, changes, put } = await prepare();
  await run();
  changes();
  await run();
  expect(detector.size).toBe(30);
  detector.forgetKind('pods');
  await run();
  expect(detector.size).toBe(30);
  detector.remove('pods', { namespace: 'shop', name: 'pod-3' }, now);
  await run();
  expect(detector.size).toBe(30);
  put(pod('web', 'pod-5', true));
  await run();
  expect(changes()).toEqual(['fired web/pod-5']);
});

test('a server whose tool takes limit and continue is listed in pages, and what has not changed is recognised in each', async () => {
  // Each page fits, and all of them together do not.
  const largest = { whole: 2_000_000, part: 2_000_000 };
  const { run, put, remove, changes, detector, cluster } = await prepare({ listPages: true, largest });
  for (let index = 10; index < 1_200; index += 1) put(pod('big', `pod-${index}`));
  let listed = 0;
  const list = cluster.store.list.bind(cluster.store);
  cluster.store.list = (...args) => {
    listed += 1;
    return list(...args);
  };
  expect(await run()).toMatchObject({ count: 1_220, blind: new Map() });
  expect(listed).toBe(3);
  expect(detector.size).toBe(1_220);
  expect(changes()).toEqual(NAMESPACES.map((namespace) => `fired ${namespace}/pod-0`));
  put(pod('big', 'pod-1100', true));
  remove(pod('shop', 'pod-5'));
  expect(await run()).toMatchObject({ count: 1_219 });
  expect(detector.size).toBe(1_219);
  expect(changes()).toEqual(['fired big/pod-1100']);
});
