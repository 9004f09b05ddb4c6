import { detectedFaults } from '@nightcrier/simulator/mcp/fault-detectors';
import { findByKind } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { execa } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import { describe, expect, test, vi } from 'vitest';
import { HISTORIES } from './histories.ts';
import type { History } from './history.ts';
import { type KubernetesObject, START } from './objects.ts';
import { clear, type Found, playHistory, type Source } from './play-history.ts';

/** What the simulated API serves. */
const SERVED = HISTORIES.filter(({ steps }) =>
  steps.every(({ put = [] }) => put.every(({ apiVersion, kind }) => findByKind(apiVersion, kind) !== undefined)),
);

const STOCK_SERVER = createRequire(import.meta.url).resolve('kubernetes-mcp-server/bin/index.js');
/** Some of the short histories: the server lists five kinds a second at most. */
const OF_REAL_SERVER = SERVED.filter(({ steps }) => steps.length <= 2).filter((_, index) => index % 2 === 0);

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
  const pushed = SERVED.filter(({ isListed }) => !isListed);
  if (source === 'faults') return pushed.filter((history) => pushedFaults(history).size > 0);
  if (source === 'events') return pushed.filter((history) => warned(history).size > 0);
  return source === 'both' ? pushed : SERVED;
}

/** Plays all histories, some at the same time; each test waits for its own. */
function played(histories: History[], play: (history: History) => Promise<Found[]>, concurrency: number) {
  const limit = pLimit(concurrency);
  const results = new Map<string, Promise<Found[]>>();
  return async (history: History): Promise<Found[]> => {
    if (results.size === 0) {
      for (const one of histories) {
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
    return await playHistory(history, { source }, cluster, cluster.mcpEndpoint, isCompleteFor(history));
  } finally {
    await cluster.stop();
  }
}

/** What was found, what is wanted, and what was not found in its time. */
function compare(
  all: Found[],
  expected: Expected[],
  source: Source,
): { found: string[]; wanted: string[]; untimely: string[] } {
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
  const untimely = expected.flatMap(({ key, from, to, isSilent }) => {
    const times = all.filter((one) => (isSilent ? looseKeyOf(one) : keyOf(one)) === key).map(({ after }) => after);
    const isInTime = times.some((after) => after >= from && (isSilent || after <= to));
    return isInTime ? [] : [`${key}: between ${from} and ${to} s, found at ${times.join(', ')}`];
  });
  return { found: found.toSorted(), wanted: [...wanted, ...unseen].toSorted(), untimely };
}

/** Tests that each history gives the wanted faults through a source, in their time. */
export function testHistories(source: Source): void {
  const play = played(historiesFor(source), (history) => playAlone(history, source), 16);
  describe(`through ${source}`, () => {
    test.each(historiesFor(source).map((history) => [history.name, history] as const))('%s', async (_, history) => {
      const { found, wanted, untimely } = compare(await play(history), expectedOf(history, source), source);
      expect(found).toEqual(wanted);
      expect(untimely).toEqual([]);
    });
  });
}

/** With a server of its own, so that several can wait at the same time. */
async function playWithRealServer(history: History): Promise<Found[]> {
  const cluster = await startSimulatedCluster({ name: 'alpha' });
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-stock-'));
  const kubeconfig = path.join(folder, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig(), { mode: 0o600 });
  const port = String(await freePort());
  const flags = ['--read-only', '--disable-multi-cluster', '--toolsets', 'core', '--list-output', 'yaml'];
  const access = ['--port', port, '--bind-address', '127.0.0.1', '--kubeconfig', kubeconfig];
  const server = execa(process.execPath, [STOCK_SERVER, ...access, ...flags], { reject: false });
  try {
    clear(cluster);
    await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/healthz`), { timeout: 30_000 });
    const endpoint = `http://127.0.0.1:${port}/mcp`;
    return await playHistory(history, { source: 'poll', isSlow: true }, cluster, endpoint, isCompleteFor(history));
  } finally {
    server.kill();
    await server;
    await cluster.stop();
    await rm(folder, { recursive: true });
  }
}

/** Tests the same with the stock server. */
export function testHistoriesOfStockServer(): void {
  const play = played(OF_REAL_SERVER, playWithRealServer, 12);
  describe('through the real stock server', () => {
    test.each(OF_REAL_SERVER.map((history) => [history.name, history] as const))(
      '%s',
      async (_, history) => {
        const { found, wanted, untimely } = compare(await play(history), expectedOf(history, 'poll'), 'poll');
        expect(found).toEqual(wanted);
        expect(untimely).toEqual([]);
      },
      180_000,
    );
  });
}
