import { silentLogger, type Logger } from '@nightcrier/core/logger';
import { symptomKey } from '@nightcrier/core/problems/problem-key';
import { RESOURCE_TYPES, typeOf } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import type { SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { ListPace } from '../../src/backfill/list-pace.ts';
import type { Watermark } from '../../src/backfill/watermark.ts';
import type { Remembered } from '../../src/detection/known-symptoms.ts';
import { KINDS, WATCHED_KINDS } from '../../src/detection/objects/kinds.ts';
import {
  ClusterConnection,
  type ClusterConnectionOptions,
  type Received,
} from '../../src/mcp/connection/cluster-connection.ts';
import { DEFAULT_TIMEOUTS } from '../../src/mcp/connection/watch-options.ts';
import { createMcpTransport } from '../../src/mcp/session/transport.ts';
import type { History, Step } from './history.ts';
import { other, START } from './objects.ts';

/** How the history of a cluster is seen. */
export type Source = 'both' | 'faults' | 'events' | 'poll' | 'watch';

/** A fault that was received: when, and whether only the scan of a resync has found it. */
export interface Found {
  type: string;
  severity: string;
  resource: string;
  problem: string;
  fingerprint: string;
  /** s after the start. */
  after: number;
  byScan: boolean;
}

/**
 * A clock that follows the real one from where it was set, and never reaches the next second: what happens at one time of a
 * history is seen in order, and however long it takes, no time passes.
 */
class Clock {
  #from = 0;
  #setAt = 0;

  set(ms: number): void {
    this.#from = ms;
    this.#setAt = performance.now();
  }

  /** It slows down as it comes closer, and does not stop: a poll that begins later has a later time. */
  readonly now = (): number => this.#from + 900 * (1 - Math.exp((this.#setAt - performance.now()) / 900));
}

/** The namespace of what shows that everything before it has been seen. */
const NUDGE = 'nudge';

/** Longest wait for what a source has to do at one time of a history, ms of the real clock. */
const PATIENCE_MS = 60_000;

async function until(what: string, holds: () => boolean, patience = PATIENCE_MS): Promise<void> {
  const from = performance.now();
  while (!holds()) {
    if (performance.now() - from > patience) throw new Error(`waited in vain until ${what}`);
    await sleep(5);
  }
}

/** Removes everything from a cluster. */
export function clear({ store }: SimulatedCluster): void {
  for (const type of RESOURCE_TYPES.filter(({ virtual }) => !virtual)) {
    for (const { metadata } of store.list(type)) store.delete(type, metadata.namespace, metadata.name);
  }
}

function apply({ put = [], remove = [] }: Step, { store }: SimulatedCluster): void {
  for (const object of remove) store.delete(typeOf(object), object.metadata.namespace, object.metadata.name);
  for (const object of put) store.put(structuredClone(object));
}

/** The times at which something is due: each step, and before each wanted fault, and when it must have been found. */
function timesOf({ steps, wanted, rest = 200 }: History, isSlow: boolean): number[] {
  const last = steps.at(-1)?.at ?? 0;
  if (isSlow)
    return [
      ...new Set([...steps, ...wanted.map(({ to }) => ({ at: to - 1 })), { at: last + rest }].map(({ at }) => at)),
    ].toSorted((a, b) => a - b);
  const times = new Set([
    ...steps.map(({ at }) => at),
    ...wanted.flatMap(({ from, to }) => [from - 1, to - 1]),
    last + rest,
  ]);
  return [...times].filter((at) => at >= 0).toSorted((a, b) => a - b);
}

/** What a connection keeps beyond its life, in memory. */
function memoryOf(since: number | undefined) {
  const remembered = new Map<string, Remembered>();
  let watermark: Watermark | undefined = since === undefined ? undefined : { at: START + since * 1000, blindMs: 0 };
  const seen = { watermark: 0 };
  const options: Pick<ClusterConnectionOptions, 'memory' | 'detected'> = {
    memory: {
      read: async () => watermark,
      write: (latest) => {
        watermark = latest;
        seen.watermark = latest.at;
      },
      known: async (sightings) => sightings.map(() => false),
    },
    detected: {
      load: async () => structuredClone([...remembered.values()]),
      save: (changed) => {
        for (const one of changed) remembered.set(symptomKey(one.symptom), one);
      },
      confirm: () => undefined,
    },
  };
  return { ...options, seen };
}

/**
 * Plays a history in a cluster, with the injected clock, and returns what a connection to it reports.
 * @param source how it is seen; `isSlow`: so slowly that only the times count at which something must have been found
 * @param endpoint of the MCP server
 * @param isComplete whether everything that is wanted has been found
 */
export async function playHistory(
  history: History,
  { source, isSlow = false }: { source: Source; isSlow?: boolean },
  cluster: SimulatedCluster,
  endpoint: string,
  isComplete: (found: Found[]) => boolean,
): Promise<Found[]> {
  const clock = new Clock();
  clock.set(START - 2000);
  const isPush = source !== 'poll' && source !== 'watch';
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-history-'));
  const kubeconfig = path.join(folder, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig());
  const transport = createMcpTransport();
  const { seen, ...memory } = memoryOf(history.since);
  const found: Found[] = [];
  /** Names of the markers that were reported. */
  const marked = new Set<string>();
  let malformed = 0;
  let resyncs = 0;
  const logger: Logger = {
    ...silentLogger,
    info: (_, message) => void (message === 'cluster resynced' && (resyncs += 1)),
    child: () => logger,
  };
  const receive = ({ fault, problem, source: by }: Received): void => {
    if (fault.resource.namespace === NUDGE) {
      marked.add(fault.resource.name);
      return;
    }
    found.push({
      type: fault.faultType,
      severity: fault.severity,
      resource: `${fault.resource.kind}/${fault.resource.name}`,
      problem,
      fingerprint: fault.faultId,
      after: (clock.now() - START) / 1000,
      byScan: by === 'resync',
    });
  };
  const connection = new ClusterConnection({
    cluster: {
      name: 'alpha',
      labels: {},
      triage: { enabled: true, kubeconfig, allow_secrets_access: false },
      ...(source === 'watch' ? { source: 'kubernetes' } : { mcp: { endpoint } }),
    },
    readAccess: async () => ({}),
    mode: source === 'watch' ? 'both' : source,
    pollInterval: 20,
    pollShare: 1,
    resyncInterval: 0,
    ...memory,
    reconnect: { initialBackoff: 20, maxBackoff: 100, multiplier: 2, jitter: 0.1, stableAfter: 30_000 },
    readTimeout: 600_000,
    timeouts: { ...DEFAULT_TIMEOUTS, connect: 10_000, call: 30_000, close: 2_000 },
    transport,
    connectLimit: pLimit(50),
    // All histories of a source are played in this process within seconds.
    listPace: new ListPace(() => performance.now() * 1_000),
    logger,
    now: clock.now,
    onReceived: receive,
    onMalformed: () => (malformed += 1),
    onHealthChange: () => undefined,
  });

  let nudges = 0;
  /** Something that is about nothing: what came before it has been seen when it has. */
  const nudge = (): string => {
    const name = `nudge-${(nudges += 1)}`;
    cluster.store.put({
      ...other('v1', 'Event', name, {
        namespace: NUDGE,
        involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace: NUDGE, uid: name },
        type: 'Warning',
        reason: 'FailedKillPod',
        message: 'nothing',
        count: 1,
      }),
    });
    return name;
  };
  /** A Job that has failed: it is reported when everything that was read before is judged. */
  const mark = (): string => {
    const name = `marker-${(nudges += 1)}`;
    const at = new Date(clock.now()).toISOString();
    const failed = { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', lastTransitionTime: at };
    const job = other('batch/v1', 'Job', name, { status: { failed: 1, conditions: [failed] } });
    cluster.store.put({ ...job, metadata: { ...job.metadata, namespace: NUDGE, creationTimestamp: at } });
    return name;
  };
  /** Resolves when the connection has seen, and judged, what the cluster is like now. */
  const settle = async (): Promise<void> => {
    const at = clock.now();
    switch (source) {
      case 'poll':
        // The poll that is under way may have begun before.
        await until('it has polled', () => seen.watermark > at);
        return;
      case 'watch': {
        // The judgement of the first may have begun before an earlier change of another kind was read.
        for (let markers = 0; markers < 2; markers += 1) {
          const name = mark();
          await until('the watch has judged', () => marked.has(name));
        }
        return;
      }
      case 'faults': {
        const expected = malformed + 1;
        cluster.emitFault('the last one');
        await until('the marker has arrived', () => malformed >= expected);
        return;
      }
      default: {
        // Two objects are read at once, and what is due earlier first: when the third is read, the rest is reported.
        const [, , last] = [nudge(), nudge(), nudge()];
        const isRead = ({ arguments: args }: { arguments: unknown }): boolean =>
          JSON.stringify(args).includes(`"${last}"`);
        await until('the events are confirmed', () => cluster.mcpCalls.some(isRead));
      }
    }
  };

  const lastKind = KINDS[WATCHED_KINDS.at(-1) ?? 'pods'].kind;
  const isLast = ({ arguments: args }: { arguments: unknown }): boolean => JSON.stringify(args).includes(lastKind);
  /** Reconnects, so that everything is listed. */
  const rescan = async (patience: number): Promise<void> => {
    const [before, calls] = [resyncs, cluster.mcpCalls.length];
    cluster.cutMcpStreams();
    await until('it has resynced', () => resyncs > before && connection.health().status === 'active');
    await until('it has listed all kinds', () => cluster.mcpCalls.slice(calls).some(isLast));
    // The answer has yet to be read; if it is not enough, the test says what lacks.
    await until('what is wanted is found', () => isComplete(found), patience).catch(() => undefined);
    clock.set(clock.now() + 1000);
    await settle();
  };

  try {
    if (history.since !== undefined) apply(history.steps[0] ?? { at: 0 }, cluster);
    connection.start();
    await until('it is active', () => connection.health().status === 'active');
    if (isPush) {
      await until('it has listed all kinds', () => cluster.mcpCalls.some(isLast));
      clock.set(START - 1000);
      await settle();
    }
    const steps = new Map(history.steps.map((step) => [step.at, step]));
    for (const at of timesOf(history, isSlow)) {
      clock.set(START + at * 1000);
      const step = steps.get(at);
      if (step) apply(step, cluster);
      await settle();
    }
    if (isPush) {
      // What no notification is sent for is found by the next scan, or by the one after: not everything tells since when.
      await rescan(3_000);
      if (!isComplete(found)) {
        clock.set(clock.now() + 1_000_000);
        await rescan(20_000);
      }
    }
    return found;
  } finally {
    await connection.stop();
    await transport.destroy();
    await rm(folder, { recursive: true });
  }
}
