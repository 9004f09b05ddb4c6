import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { symptomsToIncidents } from './detect/latency.ts';
import type { WatcherName } from './detect/clients.ts';
import type { Bench } from './run.ts';

const FIXTURES = path.join(import.meta.dirname, 'detect');
const SIZES = [2_000, 10_000];
/** A busy machine lengthens pauses and adds none: the shortest of the longest pauses counts. */
const RUNS = 3;

const Figures = z.object({
  rss_mb: z.number(),
  cpu_s: z.number(),
  first_cpu_s: z.number(),
  block_ms: z.number(),
  polls: z.number(),
});
type Figures = z.infer<typeof Figures> & { mb: number };

async function message(child: ChildProcess): Promise<unknown> {
  const received = new AbortController();
  const { signal } = received;
  try {
    const ended = once(child, 'exit', { signal }).then(() =>
      Promise.reject(new Error('a process of the benchmark ended')),
    );
    const [sent]: unknown[] = await Promise.race([once(child, 'message', { signal }), ended]);
    return sent;
  } finally {
    received.abort();
  }
}

/** Starts the servers of a cluster. */
async function serve(pods: number, form: string): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(path.join(FIXTURES, 'server.ts'), [String(pods), form]);
  const { port } = z.object({ port: z.number() }).parse(await message(child));
  return { child, url: `http://127.0.0.1:${port}` };
}

async function measure(name: WatcherName, pods: number, folder: string, form = 'structured'): Promise<Figures> {
  const { child: server, url } = await serve(pods, form);
  const kubeconfig = await kubeconfigOf(url, folder);
  const args = [name, url, kubeconfig, String(pods)];
  const client = fork(path.join(FIXTURES, 'measure.ts'), args, { execArgv: ['--expose-gc'] });
  try {
    for (;;) {
      const sent = z.record(z.string(), z.unknown()).parse(await message(client));
      if (!('figures' in sent)) {
        server.send(sent);
        continue;
      }
      const figures = Figures.parse(sent.figures);
      server.send({ order: 'bytes' });
      const { bytes } = z.object({ bytes: z.number() }).parse(await message(server));
      return { ...figures, mb: bytes / (1 << 20) / figures.polls };
    }
  } finally {
    client.kill('SIGKILL');
    server.kill('SIGKILL');
  }
}

async function kubeconfigOf(server: string, folder: string): Promise<string> {
  const file = path.join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    clusters: [{ name: 'bench', cluster: { server } }],
    users: [{ name: 'bench', user: { token: 'bench' } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  };
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

/** Of several runs: of each figure the smallest. */
async function best(run: () => Promise<Figures>, runs: number): Promise<Figures> {
  let found = await run();
  for (let more = 1; more < runs; more += 1) {
    const other = await run();
    const least = (figure: keyof Figures): number => Math.min(found[figure], other[figure]);
    found = {
      ...found,
      rss_mb: least('rss_mb'),
      cpu_s: least('cpu_s'),
      first_cpu_s: least('first_cpu_s'),
      block_ms: least('block_ms'),
    };
  }
  return found;
}

const round = (value: number): number => Math.round(value * 100) / 100;

export const bench: Bench = {
  description:
    'a cluster with 2,000 and 10,000 pods, polled and watched, against bare clients that list and watch the same',
  async measure(progress) {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-bench-'));
    const figures: Record<string, number> = {};
    const of: Record<string, Figures> = {};
    try {
      for (const pods of SIZES) {
        for (const name of ['watch', 'bare-watch', 'poll', 'bare-poll'] as const) {
          const measured = await best(() => measure(name, pods, folder), pods === SIZES[0] ? RUNS : 1);
          of[`${name} ${pods}`] = measured;
          progress(`${pods} pods, ${name}: ${JSON.stringify(measured)}`);
          const key = name.replace('-', '_');
          for (const [figure, value] of Object.entries(measured)) figures[`${key}_${figure}_${pods}`] = round(value);
        }
      }
      const text = await measure('poll', SIZES[0] ?? 0, folder, 'text');
      progress(`${SIZES[0]} pods, poll of a server that writes text: ${JSON.stringify(text)}`);
      for (const [figure, value] of Object.entries(text)) figures[`poll_text_${figure}_${SIZES[0]}`] = round(value);
      const { child, url } = await serve(SIZES[0] ?? 0, 'structured');
      const change = (pod: number): void => void child.send({ order: 'change', pod, crashing: true });
      const latency = await symptomsToIncidents(await kubeconfigOf(url, folder), change).finally(() =>
        child.kill('SIGKILL'),
      );
      const ratio = (figure: 'cpu_s' | 'first_cpu_s', name: 'watch' | 'poll', pods: number): number =>
        round((of[`${name} ${pods}`]?.[figure] ?? 0) / (of[`bare-${name} ${pods}`]?.[figure] ?? 1));
      const [small = 0, large = 0] = SIZES;
      return {
        watch_rss_mb_2000: figures.watch_rss_mb_2000,
        longest_block_ms: round(
          Math.max(...['watch', 'poll'].map((name) => of[`${name} ${small}`]?.block_ms ?? 0), text.block_ms),
        ),
        ...latency,
        cpu_ratio_watch_vs_bare: ratio('cpu_s', 'watch', small),
        cpu_ratio_poll_vs_bare: ratio('cpu_s', 'poll', small),
        cpu_ratio_watch_vs_bare_10000: ratio('cpu_s', 'watch', large),
        cpu_ratio_poll_vs_bare_10000: ratio('cpu_s', 'poll', large),
        ...figures,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
