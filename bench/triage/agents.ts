import { execa } from 'execa';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import { buildObedientAgent, writesReport } from '../../test/fixtures/obedient-agent.ts';
import { CONTAINER_GRACE, sandboxed } from '../../test/fixtures/sandboxed-agents.ts';
import { slopeOf } from '../../test/soak/regression.ts';
import { round } from '../figures.ts';
import type { Bench } from '../run.ts';

const RUNS = 500;
const BATCH = 10;
/** Part of the runs that is left out of the fit: code is compiled, connections are opened, caches fill, pools of memory reach their size. */
const WARM_UP = 0.5;
const MIB = 1024 * 1024;

const Memory = z.object({ heapUsed: z.number(), external: z.number(), rss: z.number() });
type Series = 'heap_mb' | 'external_mb' | 'rss_mb' | 'handles';

export const bench: Bench = {
  description:
    'Agents in containers, one worker, `--runs N` (500): its heap and native objects after a collection, its resident memory and open files; the growth in the second half of the runs, for 1,000 runs, with 95 % confidence',
  async measure(progress, options) {
    const runs = Number(options.get('runs') ?? RUNS);
    await buildObedientAgent();
    const backend = await TestBackend.start();
    const own = await TestHarness.open(backend);
    const settings = { max_agents_per_cluster: 0, max_concurrent_agents: 4, agent_prestarted_containers: 1 };
    const file = path.join(own.folder, 'measured-worker.json');
    const config = await sandboxed(own, writesReport(), settings);
    await writeFile(file, JSON.stringify(own.options(config, CONTAINER_GRACE)));
    const script = path.join(import.meta.dirname, 'agents/measured-worker.ts');
    const worker = execa(process.execPath, ['--expose-gc', script, file], { ipc: true, reject: false, buffer: false });
    try {
      await worker.getOneMessage();
      const series: Record<Series, [thousands: number, value: number][]> = {
        heap_mb: [],
        external_mb: [],
        rss_mb: [],
        handles: [],
      };
      for (let done = 0; done < runs; done += BATCH) {
        const ids = await Promise.all(Array.from({ length: BATCH }, async () => own.admit()));
        await Promise.all(ids.map(async (id) => reported(own, id)));
        // Otherwise each run would find a larger cluster.
        for (const id of ids) own.heal(id);
        const [answer] = await Promise.all([worker.getOneMessage(), worker.sendMessage('memory')]);
        const { heapUsed, external, rss } = Memory.parse(answer);
        const handles = (await readdir(`/proc/${worker.pid}/fd`)).length;
        const at = (done + BATCH) / 1_000;
        series.heap_mb.push([at, heapUsed / MIB]);
        series.external_mb.push([at, external / MIB]);
        series.rss_mb.push([at, rss / MIB]);
        series.handles.push([at, handles]);
        if (done % 100 === 0) progress(`${done + BATCH} of ${runs} runs, heap ${round(heapUsed / MIB)} MB`);
      }
      const fitted = Object.entries(series).map(([name, all]) => {
        const settled = all.filter(([at]) => at * 1_000 > runs * WARM_UP);
        const { per_minute: slope, low, high } = slopeOf(settled);
        const last = settled.at(-1)?.[1] ?? 0;
        const highest = Math.max(...all.map(([, value]) => value));
        const fit = { per_1000_runs: round(slope), low: round(low), high: round(high) };
        return [name, { last: round(last), highest: round(highest), ...fit }];
      });
      return { runs, ...Object.fromEntries(fitted) };
    } finally {
      worker.kill();
      await worker;
      await own.close();
      await backend.stop();
    }
  },
};

async function reported(own: TestHarness, id: string): Promise<void> {
  for (;;) {
    const { state, reason } = await own.incident(id);
    if (state === 'reported') return;
    if (state !== 'queued' && state !== 'investigating') throw new Error(`incident is ${state}: ${reason}`);
    await sleep(50);
  }
}
