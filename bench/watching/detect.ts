import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { symptomsToIncidents } from './detect/latency.ts';
import type { WatcherName } from './detect/clients.ts';
import type { Bench } from '../run.ts';

const FIXTURES = path.join(import.meta.dirname, 'detect');
const SMALL = 2_000;
const LARGE = 10_000;
/** A busy machine lengthens pauses and adds none: the shortest of the longest pauses counts. */
const RUNS = 2;
/** After these times no further repetition, and no large cluster, is begun; `--seconds N` sets the second one. */
const REPEAT_UNTIL_S = 60;
const LARGE_UNTIL_S = 90;
const NAMES = ['watch', 'bare-watch', 'poll', 'bare-poll'] as const;

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

/** Of each figure the smaller one. */
function least(one: Figures, other: Figures): Figures {
  const of = (figure: keyof Figures): number => Math.min(one[figure], other[figure]);
  const [rss_mb, cpu_s] = [of('rss_mb'), of('cpu_s')];
  return { ...one, rss_mb, cpu_s, first_cpu_s: of('first_cpu_s'), block_ms: of('block_ms') };
}

const round = (value: number): number => Math.round(value * 100) / 100;

export const bench: Bench = {
  description:
    'a cluster with 2,000 pods, and with 10,000 if there is time, polled and watched, against bare clients that list and watch the same',
  async measure(progress, options) {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-bench-'));
    const largeUntil = Number(options.get('seconds') ?? LARGE_UNTIL_S);
    const begun = performance.now();
    const elapsed = (): number => (performance.now() - begun) / 1_000;
    const of: Record<string, Figures> = {};
    const add = async (key: string, name: WatcherName, pods: number, form?: string): Promise<void> => {
      const measured = await measure(name, pods, folder, form);
      progress(`${Math.round(elapsed())} s: ${pods} pods, ${key}: ${JSON.stringify(measured)}`);
      const before = of[`${key} ${pods}`];
      of[`${key} ${pods}`] = before ? least(before, measured) : measured;
    };
    try {
      for (const name of NAMES) await add(name, name, SMALL);
      await add('poll-text', 'poll', SMALL, 'text');
      const { child, url } = await serve(SMALL, 'structured');
      const change = (pod: number): void => void child.send({ order: 'change', pod, crashing: true });
      const latency = await symptomsToIncidents(await kubeconfigOf(url, folder), change).finally(() =>
        child.kill('SIGKILL'),
      );
      progress(`${Math.round(elapsed())} s: ${JSON.stringify(latency)}`);
      for (let run = 1; run < RUNS; run += 1) {
        for (const name of NAMES) if (elapsed() < REPEAT_UNTIL_S) await add(name, name, SMALL);
      }
      for (const name of NAMES) {
        if (elapsed() < largeUntil) await add(name, name, LARGE);
        else progress(`${LARGE} pods, ${name}: left out; --seconds allows more time`);
      }
      return { ...summary(of), ...latency, ...details(of) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** The figures with a goal: the ratio to the bare client is that of the same size. */
function summary(of: Record<string, Figures>): Record<string, number | undefined> {
  const ratio = (name: 'watch' | 'poll', pods: number): number | undefined => {
    const [ours, bare] = [of[`${name} ${pods}`], of[`bare-${name} ${pods}`]];
    return ours && bare && round(ours.cpu_s / bare.cpu_s);
  };
  const blocks = ['watch', 'poll', 'poll-text'].map((name) => of[`${name} ${SMALL}`]?.block_ms ?? Infinity);
  return {
    watch_rss_mb_2000: round(of[`watch ${SMALL}`]?.rss_mb ?? Infinity),
    longest_block_ms: round(Math.max(...blocks)),
    cpu_ratio_watch_vs_bare: ratio('watch', SMALL),
    cpu_ratio_poll_vs_bare: ratio('poll', SMALL),
    cpu_ratio_watch_vs_bare_10000: ratio('watch', LARGE),
    cpu_ratio_poll_vs_bare_10000: ratio('poll', LARGE),
  };
}

function details(of: Record<string, Figures>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(of).flatMap(([key, figures]) => {
      const [name = '', pods = ''] = key.split(' ');
      return Object.entries(figures).map(([figure, value]) => [
        `${name.replaceAll('-', '_')}_${figure}_${pods}`,
        round(value),
      ]);
    }),
  );
}
