import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { execa } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { startRedisServer } from '../fixtures/redis-server.ts';
import { slopeOf } from './regression.ts';

/** `pnpm soak --minutes M [--json]`: `up` under load and reconnects; prints how its resources grow, with 95 % confidence. */
const CLI = path.join(import.meta.dirname, '../../apps/cli/src/main.ts');
const CLUSTERS = 10;
const SAMPLE_MS = 2_000;
/** Left out of the fit: code is compiled, pools fill. */
const WARM_UP = 0.2;
const FAULTS_PER_SECOND = 5;
const ARENA_BYTES = 64n << 20n;
/** Rows and workspaces of older incidents are removed, so that what grows is not what is kept. */
const KEPT = 200;
/** Fail again and again: problems are kept for days. A multiple of the clusters. */
const PODS = 300;
/** Between two investigations of a pod at least, s: its faults come every 60 s. */
const AGAIN_S = 30;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } },
});
const minutes = Number(values.minutes);
const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-soak-'));
const server = await startRedisServer();
const redis = new Redis(server.url);
const clusters = await Promise.all(
  Array.from({ length: CLUSTERS }, (_, at) => startSimulatedCluster({ name: `cluster-${at}` })),
);
const entries = clusters.map(async (cluster) => {
  const kubeconfig = path.join(folder, `${cluster.name}.kubeconfig`);
  await writeFile(kubeconfig, cluster.kubeconfig(), { mode: 0o600 });
  return { name: cluster.name, mcp_endpoint: cluster.mcpEndpoint, kubeconfig };
});
const port = await freePort();
const config = {
  clusters: await Promise.all(entries),
  redis: { url: server.url },
  api: { port },
  log_level: 'warn',
  grouping: 'none',
  dedup_window_seconds: 0,
  reinvestigate_after: AGAIN_S,
  workspace_retention_count: KEPT,
};
await writeFile(path.join(folder, 'nightcrier.yaml'), stringify(config));
const up = execa(process.execPath, [CLI, 'up'], { cwd: folder, reject: false, stdio: 'ignore' });

async function sample(): Promise<Record<string, number>> {
  const status = await readFile(`/proc/${up.pid}/status`, 'utf8');
  const handles = await readdir(`/proc/${up.pid}/fd`);
  const targets = await Promise.all(handles.map((fd) => readlink(`/proc/${up.pid}/fd/${fd}`).catch(() => '')));
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const megabytes = (metric: string): number =>
    Number(new RegExp(`^${metric} (\\S+)`, 'm').exec(metrics)?.[1] ?? 0) / (1 << 20);
  const memory = await redis.info('memory');
  return {
    rss_mb: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024,
    heap_mb: megabytes('nodejs_heap_size_used_bytes'),
    heap_total_mb: megabytes('nodejs_heap_size_total_bytes'),
    external_mb: megabytes('nodejs_external_memory_bytes'),
    malloc_mb: await mallocMegabytes(),
    handles: handles.length,
    sockets: targets.filter((target) => target.startsWith('socket:')).length,
    redis_mb: Number(/used_memory:(\d+)/.exec(memory)?.[1]) / (1 << 20),
  };
}

/** Returns what the allocator of the C library has resident: its heap, and arenas, which begin at multiples of 64 MB. */
async function mallocMegabytes(): Promise<number> {
  const maps = (await readFile(`/proc/${up.pid}/smaps`, 'utf8')).split(/^(?=[\da-f]+-[\da-f]+ )/m);
  const resident = maps.map((map) => {
    const [, start = '', name = ''] = /^([\da-f]+)-[\da-f]+ \S+ \S+ \S+ \d+[ ]*(.*)$/m.exec(map) ?? [];
    const isArena = name === '' && start.endsWith('000000') && BigInt(`0x${start}`) % ARENA_BYTES === 0n;
    return name === '[heap]' || isArena ? Number(/^Rss:\s+(\d+)/m.exec(map)?.[1] ?? 0) : 0;
  });
  return resident.reduce((sum, kilobytes) => sum + kilobytes, 0) / 1024;
}

const uids = Array.from({ length: PODS }, () => randomUUID());
let sent = 0;
async function load(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    sent += 1;
    const cluster = clusters[sent % CLUSTERS];
    const pod = sent % PODS;
    const resource = { apiVersion: 'v1', kind: 'Pod', name: `cart-${pod}`, namespace: 'shop', uid: uids[pod] ?? '' };
    const timestamp = new Date().toISOString();
    cluster?.emitFault({
      faultId: `f-${pod}`,
      faultType: 'CrashLoop',
      severity: 'warning',
      resource,
      context: 'x',
      timestamp,
    });
    // Every so often a connection is lost, and made again.
    if (sent % 200 === 0) cluster?.cutMcpStreams();
    await sleep(1_000 / FAULTS_PER_SECOND);
  }
}

const ready = async (): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok ?? false;
while (!(await ready())) await sleep(50);
const ending = new AbortController();
const loading = load(ending.signal);
const series = new Map<string, [number, number][]>();
const began = performance.now();
for (let elapsed = 0; elapsed < minutes; elapsed = (performance.now() - began) / 60_000) {
  for (const [name, value] of Object.entries(await sample())) {
    series.set(name, [...(series.get(name) ?? []), [elapsed, value]]);
  }
  await sleep(SAMPLE_MS);
}
ending.abort();
await loading;

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
const slopes = Object.fromEntries(
  [...series].map(([name, all]) => {
    const settled = all.filter(([time]) => time >= minutes * WARM_UP);
    const { per_minute, low, high } = slopeOf(settled);
    const last = settled.at(-1)?.[1] ?? 0;
    // What fills up grows less and less.
    const late = slopeOf(settled.slice(settled.length >> 1)).per_minute;
    return [
      name,
      { last: round(last), per_minute: round(per_minute), low: round(low), high: round(high), late: round(late) },
    ];
  }),
);
if (values.json) console.log(JSON.stringify({ minutes, sent, slopes }));
else {
  console.log(`${minutes} minutes, ${sent} faults; growth per minute with 95 % confidence`);
  for (const [name, { last, per_minute, low, high }] of Object.entries(slopes)) {
    console.log(`${name.padEnd(10)} ${String(last).padStart(10)}   ${per_minute} (${low} … ${high})`);
  }
}
up.kill('SIGTERM');
await up;
await Promise.all(clusters.map((cluster) => cluster.stop()));
redis.disconnect();
await server.stop();
await rm(folder, { recursive: true, force: true });
process.exit(0);
