import { execa } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { startRedisServer } from '../../test/fixtures/redis-server.ts';
import { type SimulatedCluster, startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import type { Bench } from '../run.ts';

const CLI = path.join(import.meta.dirname, '../../apps/cli/src/main.ts');
const BASELINE = path.join(import.meta.dirname, 'start/baseline.ts');
const RUNS = 5;
/** From the start to the measurement of memory: connections are open, first checks are done. */
const SETTLE_MS = 10_000;

interface Started {
  start_s: number;
  idle_mb: number;
}

/** Starts a program, waits until its URL answers, and measures what it and its children need when idle. */
async function measure(words: string[], cwd: string, url: string, settle: number): Promise<Started> {
  const began = performance.now();
  const child = execa(process.execPath, words, { cwd, reject: false, stdio: 'ignore' });
  let ended: number | undefined;
  void child.then(({ exitCode }) => (ended = exitCode ?? -1));
  try {
    const answers = (): Promise<boolean> =>
      fetch(url).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await answers())) {
      if (ended !== undefined) throw new Error(`${words.join(' ')} ended with ${ended}`);
      await sleep(5);
    }
    const start_s = (performance.now() - began) / 1000;
    await sleep(settle);
    return { start_s, idle_mb: await memoryOf(child.pid ?? 0) };
  } finally {
    child.kill('SIGTERM');
    await child;
  }
}

/** Sum of the proportional set sizes of a process and its descendants, MB, without Redis. */
async function memoryOf(pid: number): Promise<number> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const own = /redis-server|valkey/.test(command) ? 0 : Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8')));
  const children = lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  const sizes = await Promise.all(children.map(memoryOf));
  return own + sizes.reduce((sum, size) => sum + size, 0);
}

async function writeConfig(folder: string, clusters: SimulatedCluster[], port: number): Promise<void> {
  const entries = clusters.map(async (cluster) => {
    const kubeconfig = path.join(folder, `${cluster.name}.kubeconfig`);
    await writeFile(kubeconfig, cluster.kubeconfig(), { mode: 0o600 });
    return { name: cluster.name, mcp_endpoint: cluster.mcpEndpoint, kubeconfig };
  });
  const config = { clusters: await Promise.all(entries), api: { port }, log_level: 'warn' };
  await writeFile(path.join(folder, 'nightcrier.yaml'), stringify(config));
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const round = (value: number): number => Math.round(value * 100) / 100;

export const bench: Bench = {
  description: '`up` until it is ready, and its memory with 1 and 100 clusters, against Node with Fastify and BullMQ',
  async measure(progress) {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-start-'));
    const redis = await startRedisServer();
    const clusters: SimulatedCluster[] = [];
    try {
      for (let at = 0; at < 100; at += 1) clusters.push(await startSimulatedCluster({ name: `cluster-${at}` }));
      const port = await freePort();
      const ready = `http://127.0.0.1:${port}/readyz`;
      const up = (settle: number): Promise<Started> => measure([CLI, 'up'], folder, ready, settle);
      const bare = (settle: number): Promise<Started> =>
        measure([BASELINE, String(port), redis.url], folder, ready, settle);
      await writeConfig(folder, clusters.slice(0, 1), port);
      const cold = await up(0);
      progress(`first start, without compiled code: ${round(cold.start_s)} s`);
      const starts: number[] = [];
      const baselines: number[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        starts.push((await up(0)).start_s);
        baselines.push((await bare(0)).start_s);
      }
      const one = await up(SETTLE_MS);
      const baseline = await bare(SETTLE_MS);
      progress(`1 cluster: ${round(one.idle_mb)} MB, baseline ${round(baseline.idle_mb)} MB`);
      await writeConfig(folder, clusters, port);
      const hundred = await up(SETTLE_MS);
      return {
        start_s: round(median(starts)),
        idle_mb_1: round(one.idle_mb),
        idle_mb_100: round(hundred.idle_mb),
        ratio_start: round(median(starts) / median(baselines)),
        ratio_idle: round(one.idle_mb / baseline.idle_mb),
        baseline: { start_s: round(median(baselines)), idle_mb: round(baseline.idle_mb) },
      };
    } finally {
      await Promise.all(clusters.map((cluster) => cluster.stop()));
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
