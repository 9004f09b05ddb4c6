import { silentLogger } from '@nightcrier/core/logger';
import { RESOURCE_TYPES, typeOf } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import * as fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ClusterScan } from '../../src/backfill/cluster-scan.ts';
import { detectHistory } from '../../src/detection/detect-history.ts';
import { Detector } from '../../src/detection/detector.ts';
import { KINDS, WATCHED_KINDS, watchedKindOf } from '../../src/detection/objects/kinds.ts';
import { parseObject } from '../../src/detection/objects/parse-object.ts';
import { openKubernetes } from '../../src/kubernetes/client.ts';
import { McpSession } from '../../src/mcp/session/session.ts';
import { createMcpTransport } from '../../src/mcp/session/transport.ts';
import { KindWatch } from '../../src/sources/kind-watch.ts';
import { newSight } from '../sight.fixture.ts';
import type { Step } from './history.ts';
import { type KubernetesObject, START } from './objects.ts';
import { randomSteps } from './random-histories.ts';

const REST_MS = 900_000;
const idOf = ({ kind, metadata }: KubernetesObject): string => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
const timeOf = ({ at }: Step): number => START + at * 1000;

type Change = ReturnType<Detector['advance']>[number];
const describeChange = ({ change, problem, symptom }: Change, at: number): string =>
  [(at - START) / 1000, change, symptom.fault_type, `${symptom.resource.kind}/${symptom.resource.name}`, problem].join(
    ' ',
  );

/** What the pure detector finds when it is shown the whole cluster at each step. */
function pure(steps: readonly Step[]): string[] {
  const objects = new Map<string, KubernetesObject>();
  const observations = steps.map((step) => {
    for (const object of step.remove ?? []) objects.delete(idOf(object));
    for (const object of step.put ?? []) objects.set(idOf(object), object);
    return { at: new Date(timeOf(step)), objects: [...objects.values()] };
  });
  const end = { at: new Date((observations.at(-1)?.at.getTime() ?? START) + REST_MS), objects: [...objects.values()] };
  return detectHistory('alpha', [...observations, end]).map((change) => describeChange(change, change.at.getTime()));
}

/** What a source finds that shows the cluster in its own way, to the second at which anything can change. */
async function play(
  steps: readonly Step[],
  detector: Detector,
  clock: { now: number },
  show: (step?: Step) => Promise<void> | void,
): Promise<string[]> {
  const found: string[] = [];
  const advance = (): void => {
    for (const change of detector.advance(clock.now)) found.push(describeChange(change, clock.now));
  };
  const until = async (end: number): Promise<void> => {
    for (let next = detector.nextChange(clock.now); next !== undefined && next < end;) {
      clock.now = next;
      await show();
      advance();
      next = detector.nextChange(clock.now);
    }
    clock.now = end;
  };
  for (const step of steps) {
    await until(timeOf(step));
    await show(step);
    advance();
  }
  await until(clock.now + REST_MS);
  await show();
  advance();
  return found;
}

const sorted = (lines: string[]): string[] => lines.toSorted();

test('single changes in any order lead to the same faults as whole lists', async () => {
  await fc.assert(
    fc.asyncProperty(randomSteps, fc.boolean(), async (steps, backwards) => {
      const detector = new Detector('alpha');
      const clock = { now: START - 1 };
      for (const kind of WATCHED_KINDS) detector.list(kind, [], clock.now);
      const found = await play(steps, detector, clock, ({ put = [], remove = [] } = { at: 0 }) => {
        for (const object of remove) {
          const kind = watchedKindOf(object.kind);
          if (kind) detector.remove(kind, object.metadata, clock.now);
        }
        for (const object of backwards ? put.toReversed() : put) {
          const kind = watchedKindOf(object.kind);
          const parsed = kind && parseObject(kind, object);
          if (kind && parsed) detector.put(kind, parsed, clock.now);
        }
      });
      expect(sorted(found)).toEqual(sorted(pure(steps)));
    }),
    { numRuns: 300 },
  );
});

/** A cluster with one session for polls and one client for watches; its objects are those of a history. */
async function serve() {
  const cluster = await startSimulatedCluster({ name: 'alpha' });
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-histories-'));
  await writeFile(path.join(folder, 'kubeconfig'), cluster.kubeconfig());
  const kubernetes = await openKubernetes(path.join(folder, 'kubeconfig'));
  const session = await McpSession.open(
    {
      clusterName: 'alpha',
      endpoint: cluster.mcpEndpoint,
      access: {},
      dispatcher: createMcpTransport(),
      timeouts: { connect: 30_000, call: 30_000, close: 30_000 },
      logger: silentLogger,
      onNotification: () => undefined,
      onMalformed: () => undefined,
      onLost: () => undefined,
    },
    new AbortController().signal,
  );
  onTestFinished(async () => {
    await session.close();
    await kubernetes.close();
    await cluster.stop();
    await rm(folder, { recursive: true });
  });
  const clear = (): void => {
    for (const type of RESOURCE_TYPES.filter(({ virtual }) => !virtual))
      for (const { metadata } of cluster.store.list(type))
        cluster.store.delete(type, metadata.namespace, metadata.name);
  };
  const apply = ({ put = [], remove = [] }: Step): void => {
    for (const object of remove) cluster.store.delete(typeOf(object), object.metadata.namespace, object.metadata.name);
    for (const object of put) cluster.store.put(structuredClone(object));
  };
  return { cluster, kubernetes, session, clear, apply };
}

test('a poll finds the same faults as the detector, whatever it recognises from the poll before', async () => {
  const { cluster, session, clear, apply } = await serve();
  await fc.assert(
    fc.asyncProperty(randomSteps, async (steps) => {
      clear();
      const clock = { now: START - 1 };
      const detector = new Detector('alpha');
      const scan = new ClusterScan(cluster.mcpEndpoint, silentLogger, newSight(), 30_000);
      const found = await play(steps, detector, clock, async (step) => {
        if (step) apply(step);
        await scan.run(session, detector, { now: () => clock.now, remember: true });
      });
      expect(sorted(found)).toEqual(sorted(pure(steps)));
    }),
    { numRuns: 10 },
  );
});

test('a watch finds the same faults as the detector', async () => {
  const { cluster, kubernetes, clear, apply } = await serve();
  const watched = new Set<string>(WATCHED_KINDS.map((kind) => KINDS[kind].kind));
  let sent = 0;
  const unwatch = cluster.store.watch(({ object }) => {
    if (watched.has(object.kind)) sent += 1;
  });
  onTestFinished(() => unwatch());
  await fc.assert(
    fc.asyncProperty(randomSteps, async (steps) => {
      clear();
      const clock = { now: START - 1 };
      const detector = new Detector('alpha');
      const ended = new AbortController();
      const progress = { listed: 0, seen: 0 };
      const watches = WATCHED_KINDS.map(async (kind) =>
        new KindWatch({
          kind,
          open: async () => kubernetes,
          detector,
          now: () => clock.now,
          random: () => 0.5,
          signal: ended.signal,
          onChange: () => (progress.seen += 1),
          onListed: () => (progress.listed += 1),
        }).run(),
      );
      await expect.poll(() => progress.listed, { interval: 5, timeout: 30_000 }).toBe(WATCHED_KINDS.length);
      sent = 0;
      const found = await play(steps, detector, clock, async (step) => {
        if (step) apply(step);
        await expect.poll(() => progress.seen, { interval: 2, timeout: 30_000 }).toBe(sent);
      });
      ended.abort();
      await Promise.all(watches);
      expect(sorted(found)).toEqual(sorted(pure(steps)));
    }),
    { numRuns: 10 },
  );
});
