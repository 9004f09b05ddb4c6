import { silentLogger } from '@nightcrier/core/logger';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findByKind, RESOURCE_TYPES, typeOf } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { newSight } from '../sight.fixture.ts';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ClusterScan } from '../../src/backfill/cluster-scan.ts';
import { type Detected, Detector } from '../../src/detection/detector.ts';
import { KINDS, WATCHED_KINDS } from '../../src/detection/kinds.ts';
import { openKubernetes } from '../../src/kubernetes/client.ts';
import { McpSession } from '../../src/mcp/session/session.ts';
import { createMcpTransport } from '../../src/mcp/session/transport.ts';
import { KindWatch } from '../../src/sources/kind-watch.ts';
import { HISTORIES, type History, type Step } from './histories.ts';
import { START } from './objects.ts';

/** A way to see a cluster. `settle` resolves when the detector knows what the cluster is like now. */
interface Source {
  detector: Detector;
  settle: () => Promise<void>;
}
type Clock = { now: number };

async function startCluster(): Promise<SimulatedCluster> {
  const cluster = await startSimulatedCluster({ name: 'alpha' });
  onTestFinished(() => cluster.stop());
  for (const type of RESOURCE_TYPES.filter(({ virtual }) => !virtual)) {
    for (const { metadata } of cluster.store.list(type)) cluster.store.delete(type, metadata.namespace, metadata.name);
  }
  return cluster;
}

async function poll(cluster: SimulatedCluster, clock: Clock): Promise<Source> {
  const transport = createMcpTransport();
  const session = await McpSession.open(
    {
      clusterName: 'alpha',
      endpoint: cluster.mcpEndpoint,
      access: {},
      dispatcher: transport,
      timeouts: { connect: 5_000, call: 5_000, close: 2_000 },
      logger: silentLogger,
      onNotification: () => undefined,
      onMalformed: () => undefined,
      onLost: () => undefined,
    },
    new AbortController().signal,
  );
  onTestFinished(() => session.close());
  const detector = new Detector('alpha');
  const scan = new ClusterScan(cluster.mcpEndpoint, silentLogger, newSight(), 30_000);
  const settle = async (): Promise<void> => void (await scan.run(session, detector, { now: () => clock.now }));
  await settle();
  return { detector, settle };
}

async function watch(cluster: SimulatedCluster, clock: Clock): Promise<Source> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-sources-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, 'kubeconfig'), cluster.kubeconfig());
  const kubernetes = await openKubernetes(path.join(folder, 'kubeconfig'));
  const ended = new AbortController();
  const detector = new Detector('alpha');
  let seen = 0;
  let listed = 0;
  const watches = WATCHED_KINDS.map(async (kind) =>
    new KindWatch({
      kind,
      open: async () => kubernetes,
      detector,
      now: () => clock.now,
      random: () => 0.5,
      signal: ended.signal,
      onChange: () => (seen += 1),
      onListed: () => (listed += 1),
    }).run(),
  );
  onTestFinished(async () => {
    ended.abort();
    await Promise.all(watches);
    await kubernetes.close();
  });
  await expect.poll(() => listed, { interval: 5 }).toBeGreaterThanOrEqual(WATCHED_KINDS.length);
  const watched = new Set<string>(WATCHED_KINDS.map((kind) => KINDS[kind].kind));
  let sent = 0;
  cluster.store.watch(({ object }) => {
    if (watched.has(object.kind) && (object.kind !== 'Event' || object.type === 'Warning')) sent += 1;
  });
  // The watches open just after their lists; what came in between, they get when they open.
  return { detector, settle: () => expect.poll(() => seen, { interval: 5, timeout: 5_000 }).toBe(sent) };
}

/** Plays a history, to the second at which anything can change, and returns what the detector reports. */
async function play({ steps, rest = 200, since }: History, cluster: SimulatedCluster, source: Source, clock: Clock) {
  const { detector, settle } = source;
  if (since !== undefined) detector.startAt(START + since * 1000, START + since * 1000);
  const detected: { change: Detected; after: number }[] = [];
  const look = async (): Promise<void> => {
    await settle();
    for (const change of detector.advance(clock.now)) detected.push({ change, after: (clock.now - START) / 1000 });
  };
  const until = async (end: number): Promise<void> => {
    for (;;) {
      const next = detector.nextChange(clock.now);
      if (next === undefined || next >= end) break;
      clock.now = next;
      await look();
    }
    clock.now = end;
  };
  for (const step of steps) {
    await until(START + step.at * 1000);
    apply(step, cluster);
    await look();
  }
  await until(clock.now + rest * 1000);
  await look();
  return detected.filter(({ change }) => change.change === 'fired');
}

function apply({ put = [], remove = [] }: Step, { store }: SimulatedCluster): void {
  for (const object of remove) store.delete(typeOf(object), object.metadata.namespace, object.metadata.name);
  for (const object of put) store.put(structuredClone(object));
}

const SERVED = HISTORIES.filter(({ steps }) =>
  steps.every(({ put = [] }) => put.every(({ apiVersion, kind }) => findByKind(apiVersion, kind) !== undefined)),
);

describe.each([
  ['a poll', poll],
  ['a watch', watch],
] as const)('%s finds exactly the wanted faults of', (_, open) => {
  test.each(SERVED.map((history) => [history.name, history] as const))('%s', async (__, history) => {
    const clock = { now: START - 1 };
    const cluster = await startCluster();
    // What began while nobody watched is there before the source is.
    if (history.since !== undefined) apply(history.steps[0] ?? { at: 0 }, cluster);
    const found = await play(history, cluster, await open(cluster, clock), clock);
    const key = (type = '', resource = '', problem = ''): string => [type, resource, problem].join(' ');
    expect(
      found
        .map(({ change: { fault, problem } }) =>
          key(fault?.faultType, `${fault?.resource.kind}/${fault?.resource.name}`, problem),
        )
        .toSorted(),
    ).toEqual(history.wanted.map(({ type, resource, problem }) => key(type, resource, problem)).toSorted());
    const times = found.map(({ after }) => after).toSorted((a, b) => a - b);
    const wanted = history.wanted.toSorted((a, b) => a.from - b.from);
    times.forEach((after, index) => {
      expect(after).toBeGreaterThanOrEqual(wanted[index]?.from ?? 0);
      expect(after).toBeLessThanOrEqual(wanted[index]?.to ?? 0);
    });
  });
});
