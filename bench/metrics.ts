import { silentLogger } from '@nightcrier/core/logger';
import { openState } from '@nightcrier/state/open-state';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { execa } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startRedisServer } from '../test/fixtures/redis-server.ts';
import { read, startSameBytes } from './api/read.ts';
import { reportClusters, writeProblems } from './api/recorded-state.ts';
import type { Bench } from './run.ts';

const API = path.join(import.meta.dirname, '../apps/api/src/main.ts');
const PROBLEMS = 3_000;
const SCRAPES = 25;
/** Scrapes before the measurement. */
const WARM_UP = 5;

export const bench: Bench = {
  description:
    'GET /metrics of 1,000 clusters (--clusters N) with faults in their books, one scrape after the other, against a Fastify route that answers with the same bytes',
  async measure(progress, options) {
    const clusters = Number(options.get('clusters') ?? 1_000);
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-bench-'));
    const redis = await startRedisServer();
    const port = await freePort();
    const names = Array.from({ length: clusters }, (_, at) => `cluster-${at}`);
    const file = path.join(folder, 'nightcrier.yaml');
    const config = {
      clusters: names.map((name) => ({ name, mcp: { endpoint: 'http://127.0.0.1:1' } })),
      data_dir: path.join(folder, 'data'),
      redis: { url: redis.url, key_prefix: 'bench' },
      api: { port },
    };
    await writeFile(file, JSON.stringify(config));
    const connection = connectWorker(config.redis, silentLogger);
    const state = openState(connection, { key_prefix: 'bench', logger: silentLogger });
    progress(`state of ${clusters} clusters`);
    const stopReports = await reportClusters(state, names);
    await writeProblems(state, names, PROBLEMS);
    const counts = names.map((cluster) => ({ cluster, outcome: 'filtered' as const, by: 7 }));
    await state.intake.countOnce({ source: 'bench-1', sequence: 1, counts });
    const api = execa(process.execPath, [API, '--config', file], {
      ipc: true,
      reject: false,
      stdout: 'ignore',
      stderr: 'ignore',
    });
    const agent = new Agent({ keepAlive: true });
    try {
      await api.getOneMessage({ filter: (message) => message === 'ready' });
      const url = `http://127.0.0.1:${port}/metrics`;
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
      const p50 = at(times.metrics, 0.5);
      return {
        ratio: round2(p50 / at(times.same, 0.5)),
        scrape_p50_ms: round2(p50),
        scrape_max_ms: round2(Math.max(...times.metrics)),
        // Of the API, its other work included: what the time would be on an idle machine.
        cpu_ms: round2(((cpuSeconds(last) - before) * 1000) / SCRAPES),
        same_bytes_p50_ms: round2(at(times.same, 0.5)),
        bytes: body.length,
        series: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
        series_per_cluster: text.match(/\{[^}]*cluster="cluster-7"[^}]*\} /g)?.length ?? 0,
      };
    } finally {
      stopReports();
      agent.destroy();
      api.kill();
      await api;
      await disconnect(connection);
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Returns the CPU time of the process that a scrape reports. */
function cpuSeconds(scrape: Buffer): number {
  return Number(/^\w*process_cpu_seconds_total (\S+)$/m.exec(scrape.toString())?.[1]);
}

function at(values: readonly number[], part: number): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * part)] ?? 0;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
