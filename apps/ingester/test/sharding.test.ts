import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import { silentLogger } from '@nightcrier/core/logger';
import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import type { ClusterHealthBoard } from '@nightcrier/state/health/cluster-health';
import { startRedisServer } from '../../../test/fixtures/redis-server.ts';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import { openState } from '@nightcrier/state/open-state';
import { connectWorker, disconnect, type RedisConnection } from '@nightcrier/state/redis/connection';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
const NAMES = Array.from({ length: 60 }, (_, index) => `c-${index}`);
const patient = { timeout: 120_000, interval: 50 };
/** An ingester hangs for so long, ms: twice the life of a lease. */
const HANG_MS = 12_000;

/** An ingester as a process; `id` is a part of the name that its clusters' health shows. */
interface Member {
  pid: number;
  id: string;
  ended: Promise<unknown>;
}

let folder: string;
let file: string;
let redis: RedisConnection;
let board: ClusterHealthBoard;
let incidents: IncidentStore;
const clusters = new Map<string, SimulatedCluster>();
const processes: { kill: (signal: 'SIGKILL') => unknown }[] = [];
const toEnd: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-sharding-'));
  const server = await startRedisServer();
  toEnd.push(() => server.stop());
  const settings = { url: server.url, key_prefix: randomUUID() };
  redis = connectWorker(settings, silentLogger);
  toEnd.push(() => disconnect(redis));
  ({ clusterHealth: board, incidents } = openState(redis, { key_prefix: settings.key_prefix, logger: silentLogger }));
  const entries = await Promise.all(
    NAMES.map(async (name) => {
      const cluster = await startSimulatedCluster({ name });
      toEnd.push(() => cluster.stop());
      clusters.set(name, cluster);
      const kubeconfig = path.join(folder, `${name}.kubeconfig`);
      await writeFile(kubeconfig, cluster.kubeconfig());
      return { name, mcp: { endpoint: cluster.mcpEndpoint }, triage: { enabled: true, kubeconfig } };
    }),
  );
  file = path.join(folder, 'nightcrier.yaml');
  await writeFile(
    file,
    JSON.stringify({ redis: settings, shutdown_timeout: 60, global_queue_size: 10_000, clusters: entries }),
  );
});
afterAll(async () => {
  for (const process of processes) process.kill('SIGKILL');
  for (const end of toEnd.toReversed()) await end();
  await rm(folder, { recursive: true });
});

function startMember(): Member {
  const child = execa(process.execPath, [MAIN, '--config', file], {
    reject: false,
    extendEnv: false,
    env: { PATH: process.env.PATH },
  });
  processes.push(child);
  const { pid = 0 } = child;
  return { pid, id: `-${pid}-`, ended: child };
}

const health = (): Promise<ClusterHealth[]> =>
  board.read(NAMES.map((name) => ({ name, labels: {}, triage_enabled: true })));

/** The clusters that are active, by the members that hold them; undefined when not all of them are. */
async function holdings(members: Member[]): Promise<string[][] | undefined> {
  const shown = await health();
  if (shown.some(({ status }) => status !== 'active')) return undefined;
  return members.map(({ id }) => shown.filter(({ owner }) => owner?.includes(id)).map(({ name }) => name));
}

/** All clusters are active, and each member holds a part of them. */
async function untilShared(members: Member[]): Promise<string[][]> {
  let held: string[][] | undefined;
  const isShared = async (): Promise<boolean> => {
    held = await holdings(members);
    return held !== undefined && held.every(({ length }) => length > 5) && held.flat().length === NAMES.length;
  };
  await expect.poll(isShared, patient).toBe(true);
  return held ?? [];
}

/** Nobody watches any more what was handed over. */
async function untilSettled(): Promise<void> {
  await expect.poll(() => watchers().every((count) => count === 1), patient).toBe(true);
}

const watchers = (): number[] => [...clusters.values()].map(({ subscriberCount }) => subscriberCount);

/** The fewest that watched one of the clusters at any time while `action` was under way. */
async function fewestWatchers<T>(action: () => Promise<T>): Promise<number> {
  let fewest = Number.POSITIVE_INFINITY;
  const sampling = setInterval(() => (fewest = Math.min(fewest, ...watchers())), 2);
  await action();
  clearInterval(sampling);
  return fewest;
}

/** A fault of its own in each of the clusters. */
async function breakAll(names: string[]): Promise<void> {
  for (const name of names) await clusters.get(name)?.run('oom-killed');
}

/** How many incidents there are of each of these clusters. */
async function incidentsOf(names: string[]): Promise<number[]> {
  const { incidents: all } = await incidents.list({ limit: 1_000 });
  return names.map((name) => all.filter(({ cluster_event }) => cluster_event.cluster_name === name).length);
}

const each = (names: string[], count: number): number[] => names.map(() => count);

test(
  'ingesters share the clusters while they start, hang, die and stop, and no fault is lost or doubled',
  { timeout: 600_000 },
  async () => {
    const [one, two, three] = [startMember(), startMember(), startMember()];
    await untilShared([one, two, three]);
    await untilSettled();

    // It hangs for longer than its leases live, and wakes up.
    const [, held = []] = await untilShared([one, two, three]);
    process.kill(two.pid, 'SIGSTOP');
    const stoppedAt = Date.now();
    await expect.poll(async () => (await holdings([two]))?.[0], patient).toEqual([]);
    await breakAll(held);
    await expect.poll(() => incidentsOf(held), patient).toEqual(each(held, 1));
    await sleep(HANG_MS - (Date.now() - stoppedAt));
    process.kill(two.pid, 'SIGCONT');
    await expect.poll(async () => (await holdings([two]))?.[0]?.toSorted(), patient).toEqual(held.toSorted());
    await untilSettled();
    expect(await incidentsOf(held)).toEqual(each(held, 1));

    // After SIGTERM the others watch before it ends.
    const fewestAtEnd = await fewestWatchers(async () => {
      process.kill(one.pid, 'SIGTERM');
      expect(await one.ended).toMatchObject({ exitCode: 0 });
    });
    expect(fewestAtEnd).toBe(1);
    await untilShared([two, three]);

    // It comes: it watches before the others let go.
    const four = startMember();
    expect(await fewestWatchers(() => untilShared([two, three, four]))).toBe(1);

    // It dies.
    const [, orphans = []] = await untilShared([two, three, four]);
    const before = await incidentsOf(orphans);
    process.kill(three.pid, 'SIGKILL');
    await breakAll(orphans); // while no ingester watches
    await untilShared([two, four]);
    await expect.poll(() => incidentsOf(orphans), patient).toEqual(before.map((count) => count + 1));
  },
);
