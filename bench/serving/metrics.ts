import { startApiProcess } from './api/api-process.ts';
import { read, startSameBytes } from './api/read.ts';
import { writeProblems } from './api/recorded-state.ts';
import { quantile, round } from '../figures.ts';
import type { Bench } from '../run.ts';

const CLUSTERS = 1_000;
const PROBLEMS = 3_000;
const SCRAPES = 25;
/** Scrapes before the measurement. */
const WARM_UP = 5;

export const bench: Bench = {
  description:
    'GET /metrics of 1,000 clusters (--clusters N) with faults in their books, one scrape after the other, against a Fastify route that answers with the same bytes',
  async measure(progress, options) {
    const count = Number(options.get('clusters') ?? CLUSTERS);
    await using resources = new AsyncDisposableStack();
    progress(`state of ${count} clusters`);
    const api = await startApiProcess(resources, count);
    const { agent, state } = api;
    await writeProblems(state, api.clusters, PROBLEMS);
    const counts = api.clusters.map((cluster) => ({ cluster, outcome: 'filtered' as const, by: 7 }));
    await state.intake.countOnce({ source: 'bench-1', sequence: 1, counts });
    const url = `${api.url}/metrics`;
    const body = await read(agent, url);
    const baseline = await startSameBytes(body);
    progress(`${SCRAPES} scrapes of ${body.length} bytes`);
    let before = 0;
    const times: Record<'metrics' | 'same', number[]> = { metrics: [], same: [] };
    for (let scrape = 0; scrape < WARM_UP + SCRAPES; scrape += 1) {
      for (const [name, target] of [
        ['metrics', url],
        ['same', baseline.url],
      ] as const) {
        const began = performance.now();
        const answer = await read(agent, target);
        if (scrape === WARM_UP && name === 'metrics') before = cpuSeconds(answer);
        if (scrape >= WARM_UP) times[name].push(performance.now() - began);
      }
    }
    baseline.process.kill();
    const last = await read(agent, url);
    const text = last.toString();
    const p50 = quantile(times.metrics, 0.5);
    return {
      ratio: round(p50 / quantile(times.same, 0.5)),
      scrape_p50_ms: round(p50),
      scrape_max_ms: round(Math.max(...times.metrics)),
      // Of the API, its other work included: what the time would be on an idle machine.
      cpu_ms: round(((cpuSeconds(last) - before) * 1000) / SCRAPES),
      same_bytes_p50_ms: round(quantile(times.same, 0.5)),
      bytes: body.length,
      series: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
      series_per_cluster: text.match(/\{[^}]*cluster="cluster-7"[^}]*\} /g)?.length ?? 0,
    };
  },
};

/** Returns the CPU time of the process that a scrape reports. */
function cpuSeconds(scrape: Buffer): number {
  return Number(/^\w*process_cpu_seconds_total (\S+)$/m.exec(scrape.toString())?.[1]);
}
