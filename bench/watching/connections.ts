import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { z } from 'zod';
import { measureMany } from './connections/many/measure-many.ts';
import type { Bench } from '../run.ts';

const SIZES = '1000';
const FIXTURES = path.join(import.meta.dirname, 'connections');

const Figures = z.object({
  heap_kb_per_connection: z.number(),
  rss_mb: z.number(),
  connect_all_s: z.number(),
  p50_ms: z.number(),
  p99_ms: z.number(),
  burst_events_per_s: z.number(),
  idle_cpu_percent: z.number(),
  settling_cpu_percent: z.number(),
  connect_cpu_ms: z.number(),
  burst_cpu_us_per_event: z.number(),
  reconnect_all_s: z.number().optional(),
  most_connects_at_once: z.number().optional(),
});
type Figures = z.infer<typeof Figures>;

/** Servers and clients run in separate processes: each figure covers the clients only. */
async function run(clients: number, kind: 'product' | 'baseline', progress: (text: string) => void): Promise<Figures> {
  const servers = start('servers.ts');
  const { port } = z.object({ port: z.number() }).parse(await message(servers));
  const measuring = start(`${kind}.ts`, [String(clients), String(port)]);
  try {
    for (;;) {
      const request = z.record(z.string(), z.unknown()).parse(await message(measuring));
      if ('figures' in request) return Figures.parse(request.figures);
      if ('progress' in request) {
        progress(`${kind}: ${String(request.progress)}`);
        continue;
      }
      servers.send(request);
      if (request.order === 'most') measuring.send(z.object({ most: z.number() }).parse(await message(servers)));
    }
  } finally {
    measuring.kill('SIGKILL');
    servers.kill('SIGKILL');
  }
}

function start(file: string, args: string[] = []): ChildProcess {
  return fork(path.join(FIXTURES, file), args, { execArgv: ['--expose-gc'] });
}

async function message(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('a process of the benchmark ended')));
  const [received]: unknown[] = await Promise.race([once(child, 'message'), ended]);
  return received;
}

function ratios(product: Figures, baseline: Figures): Record<string, number> {
  const ours = new Map(Object.entries(product));
  return Object.fromEntries(
    Object.entries(baseline).map(([key, theirs]) => [
      key,
      Math.round(((ours.get(key) ?? 0) / (theirs || 1)) * 100) / 100,
    ]),
  );
}

export const bench: Bench = {
  description:
    'connections to 1000 clusters in one process, against a bare loop of SDK clients; `--sizes 100,500,1000`: several sizes; `--clusters N`: N clusters over 4 ingesters',
  async measure(progress, options) {
    const clusters = Number(options.get('clusters') ?? 0);
    if (clusters > 0) return measureMany(clusters, progress);
    const runs: Record<string, unknown> = {};
    let top: Figures | undefined;
    let topRatios: Record<string, number> = {};
    for (const size of (options.get('sizes') ?? SIZES).split(',').map(Number)) {
      const product = await run(size, 'product', progress);
      progress(`${size} connections: ${JSON.stringify(product)}`);
      const baseline = await run(size, 'baseline', progress);
      progress(`${size} SDK clients: ${JSON.stringify(baseline)}`);
      const ratio = ratios(product, baseline);
      runs[`n${size}`] = { ...product, baseline, ratio };
      top = product;
      topRatios = ratio;
    }
    return { ...top, ratio: topRatios, runs };
  },
};
