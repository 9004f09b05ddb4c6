import { detectedFaults } from '@nightcrier/simulator/mcp/fault-detectors';
import { findByKind } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { execa, type ResultPromise } from 'execa';
import getPort from 'get-port';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { HISTORIES, type History } from './histories.ts';
import { type KubernetesObject, START } from './objects.ts';
import { clear, type Found, playHistory, type Source } from './play-history.ts';

/** What the simulated API serves. */
const SERVED = HISTORIES.filter(({ steps }) =>
  steps.every(({ put = [] }) => put.every(({ apiVersion, kind }) => findByKind(apiVersion, kind) !== undefined)),
);

const STOCK_SERVER = createRequire(import.meta.url).resolve('kubernetes-mcp-server/bin/index.js');
/** Every second history: each takes as long as its polls. */
const OF_REAL_SERVER = SERVED.filter((_, index) => index % 2 === 0);

const resourceOf = ({ kind, metadata }: KubernetesObject): string => `${kind}/${metadata.name}`;

/** What the detectors of an event-emitting server push of a history: by type and resource, the second. */
function pushedFaults({ steps, since }: History): Map<string, number> {
  const objects = new Map<string, KubernetesObject>();
  const pushed = new Map<string, number>();
  for (const [index, { at, put = [], remove = [] }] of steps.entries()) {
    for (const object of remove) objects.delete(resourceOf(object));
    for (const object of put) {
      const before = objects.get(resourceOf(object));
      const seen = index > 0 || since === undefined ? detectedFaults('', before, object, new Date(START)) : [];
      for (const { faultType } of seen) {
        const key = `${faultType} ${resourceOf(object)}`;
        pushed.set(key, pushed.get(key) ?? at);
      }
      objects.set(resourceOf(object), object);
    }
  }
  return pushed;
}

/** The objects about which there are Warning Events. */
function warned({ steps }: History): Set<string> {
  const events = steps.flatMap(({ put = [] }) =>
    put.filter(({ kind, type }) => kind === 'Event' && type === 'Warning'),
  );
  return new Set(
    events.map(
      ({ involvedObject }) =>
        `${Reflect.get(Object(involvedObject), 'kind')}/${Reflect.get(Object(involvedObject), 'name')}`,
    ),
  );
}

const isPush = (source: Source): boolean => source !== 'poll' && source !== 'watch';

/** A fault that is wanted through one source. */
interface Expected {
  key: string;
  from: number;
  to: number;
  /** Nothing is pushed about it: only a scan shows it. */
  isSilent: boolean;
}

/** Which of its pods a scan finds a workload's fault in, and of which of two, is open. */
const looseKeyOf = ({ type, severity, problem }: Pick<Found, 'type' | 'severity' | 'problem'>): string =>
  [type, severity, problem].join(' ');
const keyOf = ({
  type,
  severity,
  resource,
  problem,
}: Pick<Found, 'type' | 'severity' | 'resource' | 'problem'>): string => [type, severity, resource, problem].join(' ');

function expectedOf(history: History, source: Source): Expected[] {
  const pushed = source === 'both' || source === 'faults' ? pushedFaults(history) : new Map<string, number>();
  const events = source === 'both' || source === 'events' ? warned(history) : new Set<string>();
  return history.wanted.map((wanted) => {
    const { type, resource, from, to } = wanted;
    const at = pushed.get(`${type} ${resource}`);
    // What the server calls a fault is one at once.
    const early = at === undefined ? from : Math.min(at, from);
    const isPushed = at !== undefined || events.has(resource);
    const isSilent = isPush(source) && !isPushed;
    return { key: isSilent ? looseKeyOf(wanted) : keyOf(wanted), from: early, to, isSilent };
  });
}

/** The histories of which a source shows something while they last. */
function historiesFor(source: Source): History[] {
  if (source === 'faults') return SERVED.filter((history) => pushedFaults(history).size > 0);
  if (source === 'events') return SERVED.filter((history) => warned(history).size > 0);
  return SERVED;
}

/** Plays all histories, some at the same time; each test waits for its own. */
function played(source: Source, play: (history: History) => Promise<Found[]>, concurrency: number) {
  const limit = pLimit(concurrency);
  const results = new Map<string, Promise<Found[]>>();
  return async (history: History): Promise<Found[]> => {
    if (results.size === 0) {
      for (const one of historiesFor(source)) {
        const result = limit(() => play(one));
        result.catch(() => undefined);
        results.set(one.name, result);
      }
    }
    return results.get(history.name) ?? [];
  };
}

const isCompleteFor =
  ({ wanted }: History) =>
  (found: Found[]): boolean =>
    wanted.every((one) => found.some((other) => looseKeyOf(other) === looseKeyOf(one)));

async function playAlone(history: History, source: Source): Promise<Found[]> {
  const cluster = await startSimulatedCluster({ name: 'alpha', eventsTools: source !== 'poll' });
  try {
    clear(cluster);
    return await playHistory(history, source, cluster, cluster.mcpEndpoint, isCompleteFor(history));
  } finally {
    await cluster.stop();
  }
}

function expectWanted(all: Found[], expected: Expected[], source: Source): void {
  // A scan shows the present: of what came and went unseen, only the last.
  const unseen = new Set(expected.filter(({ isSilent }) => isSilent).map(({ key }) => key));
  const wanted = expected.filter(({ isSilent }) => !isSilent).map(({ key }) => key);
  // The server reports a fault each time its container crashes again; admission counts that as a recurrence.
  const pushed = new Map(all.filter(({ byScan }) => !byScan).map((one) => [one.fingerprint, one]));
  const scanned = all.filter(({ byScan }) => byScan);
  const seen = isPush(source) ? [...pushed.values(), ...scanned] : all;
  const found = seen.map((one) => {
    const isExact = wanted.includes(keyOf(one)) || !unseen.has(looseKeyOf(one));
    return isExact ? keyOf(one) : looseKeyOf(one);
  });
  expect(found.toSorted()).toEqual([...wanted, ...unseen].toSorted());
  for (const { key, from, to, isSilent } of expected) {
    const times = all.filter((one) => (isSilent ? looseKeyOf(one) : keyOf(one)) === key).map(({ after }) => after);
    const inTime = times.some((after) => after >= from && (isSilent || after <= to));
    expect(inTime, `${key}: between ${from} and ${to} s, found at ${times.join(', ')}`).toBe(true);
  }
}

describe.each<Source>(['both', 'faults', 'events', 'poll', 'watch'])('through %s', (source) => {
  const play = played(source, (history) => playAlone(history, source), 8);
  test.each(historiesFor(source).map((history) => [history.name, history] as const))('%s', async (_, history) => {
    expectWanted(await play(history), expectedOf(history, source), source);
  });
});

describe('through the real stock server', () => {
  let cluster: SimulatedCluster;
  let server: ResultPromise;
  let endpoint: string;
  let folder: string;
  /** One server for all: a history begins in an empty cluster. */
  beforeAll(async () => {
    cluster = await startSimulatedCluster({ name: 'alpha' });
    folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-stock-'));
    await writeFile(path.join(folder, 'kubeconfig'), cluster.kubeconfig(), { mode: 0o600 });
    const port = await getPort({ host: '127.0.0.1' });
    const flags = ['--read-only', '--disable-multi-cluster', '--toolsets', 'core', '--list-output', 'yaml'];
    const address = ['--port', String(port), '--bind-address', '127.0.0.1'];
    const access = ['--kubeconfig', path.join(folder, 'kubeconfig')];
    server = execa(process.execPath, [STOCK_SERVER, ...address, ...access, ...flags], { reject: false });
    await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/healthz`), { timeout: 20_000 });
    endpoint = `http://127.0.0.1:${port}/mcp`;
  });
  afterAll(async () => {
    server?.kill();
    await server;
    await cluster?.stop();
    await rm(folder, { recursive: true });
  });

  test.each(OF_REAL_SERVER.map((history) => [history.name, history] as const))('%s', async (_, history) => {
    clear(cluster);
    const found = await playHistory(history, 'poll', cluster, endpoint, isCompleteFor(history));
    expectWanted(found, expectedOf(history, 'poll'), 'poll');
  });
});
